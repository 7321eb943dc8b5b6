"""Recognizer with a few fixed input lengths (buckets), to which it pads utterances; the fastest way for a corpus.

It needs an IR whose logits do not depend on padding (docs/studies/padding.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import openvino as ov

from wergate.corpora.audio import Samples
from wergate.errors import SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.ir.precision import RunPrecision, run_precision
from wergate.networks.logits import difference
from wergate.networks.signature import Feed, Signature
from wergate.recognizers.base import features, in_order
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.compilations import Compilation, Report, ignore
from wergate.recognizers.openvino import Job, OpenVinoRecognizer, Requests, infer_all, stream_probe

Compile = Callable[[int], ov.CompiledModel]
_COMPILATIONS = 3
_LONG_S = 4.0  # an inference on more audio takes far longer than another stream needs to start with the next request


@dataclass(frozen=True)
class Compilable:
    """An IR and the functions that run it in buckets.

    Attributes:
        frontend: features, frame geometry and alphabet of the network.
        signature: meaning of the IR's inputs and output.
        compile_for: compiles the IR for one utterance of the given number of samples.
        compile_dynamic: compiles the IR for any length.
        expected: returns the dynamic model's logits, shape (frames, vocabulary), for a waveform of shape (samples,).
        asked_precision: inference precision that `compile_for` asks for, "f32" or "bf16".
    """

    frontend: Frontend
    signature: Signature
    compile_for: Compile
    compile_dynamic: Callable[[], OpenVinoRecognizer]
    expected: Callable[[Samples], Logits]
    asked_precision: str


class BucketedRecognizer:
    """Runs each utterance in the smallest bucket that it fits into, or at its own length if there is none.

    Attributes:
        frontend: features, frame geometry and alphabet of the network.
        buckets: the fixed lengths.
    """

    def __init__(
        self, ir: Compilable, buckets: Buckets, *, streams: int, probe_sqnr_db_min: float, report: Report = ignore
    ) -> None:
        """Start compiling for all buckets, the longest first, in as many threads as there are streams.

        Args:
            ir: the IR and the functions that compile it.
            buckets: the fixed lengths.
            streams: parallel inferences in each bucket.
            probe_sqnr_db_min: smallest accepted SQNR in dB of a padded probe's logits, compared with the dynamic model.
            report: receives each compilation, with the comparison of its streams.
        """
        self.frontend, self.buckets = ir.frontend, buckets
        self._report = report
        self._ir = ir
        self._streams = streams
        self._probe_sqnr_db_min = probe_sqnr_db_min
        threads = ThreadPoolExecutor(streams, thread_name_prefix="compile")
        self._compiled = {length: threads.submit(ir.compile_for, length) for length in reversed(buckets.lengths)}
        threads.shutdown(wait=False)
        self._verified: dict[int, Requests] = {}

    @cached_property
    def dynamic(self) -> OpenVinoRecognizer:
        """The same IR with dynamic shapes, for single inferences and for utterances without a bucket."""
        return self._ir.compile_dynamic()

    def try_all(self) -> None:
        """Wait for all compilations and verify their streams now, not when each bucket is first used."""
        for length in self.buckets.lengths:
            self._requests(length)

    def precisions(self) -> Iterator[RunPrecision]:
        """Yield the precision that each bucket's compiled model runs in, read back from the runtime."""
        for length in self.buckets.lengths:
            compiled = self._requests(length).compiled
            yield run_precision(compiled, asked=self._ir.asked_precision, samples=length)

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return self.dynamic.logits(waveforms)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return in_order(self.completed(utterances))

    def completed(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        """See `wergate.recognizers.base.completed`."""
        for samples in utterances:  # check all of them before the first inference starts
            self.frontend.require_frame(len(samples))
        lengths = [self.buckets.of(self.frontend.used_samples(len(samples))) for samples in utterances]
        fitting = sorted((n for n, length in enumerate(lengths) if length), key=lambda n: -len(utterances[n]))
        jobs = (self._job(utterances[n], length) for n in fitting if (length := lengths[n]))
        for index, logits in infer_all(jobs):
            yield fitting[index], self._without_padding(logits, len(utterances[fitting[index]]))
        too_long = [n for n, length in enumerate(lengths) if not length]
        if not too_long:
            return
        for index, logits in self.dynamic.completed([utterances[n] for n in too_long]):
            yield too_long[index], logits

    def _job(self, samples: Samples, length: int) -> Job:
        return Job(self._requests(length), partial(self._feed, samples, length))

    def _feed(self, samples: Samples, length: int) -> Feed:
        used = self.frontend.used_samples(len(samples))
        padded = np.zeros((1, length), np.float32)
        padded[:, :used] = features(self.frontend, samples[None])[:, :used]
        return self._ir.signature.feed(padded, used)

    def _without_padding(self, logits: Logits, samples: int) -> Logits:
        """Return the frames of the utterance, without those of the padding after it."""
        return logits[0, : self.frontend.frame_count(samples)]

    def _requests(self, length: int) -> Requests:
        """Return the requests of a bucket, after verifying that all streams agree with the dynamic model.

        Raises:
            SuiteError: a stream disagrees in each of several compilations.
        """
        if length in self._verified:
            return self._verified[length]
        compiled = self._compiled[length].result()
        # With two streams, some compilations give wrong logits on one of them (docs/findings/two-streams.md).
        # Compiling again helps, so a compilation with such a stream is discarded.
        for _ in range(_COMPILATIONS):
            requests = Requests(compiled, self._ir.signature, self._streams)
            agreed = self._agree(requests, length)
            self._report(Compilation(length, self._streams, accepted=agreed))
            if agreed:
                return self._verified.setdefault(length, requests)
            compiled = self._ir.compile_for(length)
        raise SuiteError(
            f"a stream gave wrong logits in each of {_COMPILATIONS} compilations for {length} samples; equal inputs "
            "must give equal outputs; report it with the versions above, and run with --shapes dynamic"
        )

    def _agree(self, requests: Requests, length: int) -> bool:
        probe = stream_probe(self.frontend)[:length]
        long = length > _LONG_S * self.frontend.sampling_rate
        # The runtime does not report which stream takes a request. One request per stream at the same time reaches
        # all streams if inferences are long. Short ones may end before another stream wakes up, so they run twice.
        jobs = [Job(requests, partial(self._feed, probe, length)) for _ in range(self._streams * (1 if long else 2))]
        results = [self._without_padding(logits, len(probe)) for _, logits in infer_all(jobs)]
        close = difference(reference=self._ir.expected(probe), candidate=results[0]).sqnr_db >= self._probe_sqnr_db_min
        return close and all(np.array_equal(results[0], other) for other in results)
