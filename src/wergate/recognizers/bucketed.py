"""Recognizer with a few fixed input lengths (buckets), to which it pads utterances; the fastest way for a corpus.

It needs an IR whose logits do not depend on padding (docs/studies/padding.md).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import openvino as ov

from wergate.corpora.audio import Samples
from wergate.environment.allocator import give_back
from wergate.errors import OtherLogitsWarning, SuiteError
from wergate.networks.ctc import Logits
from wergate.networks.frontend import Frontend
from wergate.networks.ir.precision import RunPrecision, run_precision
from wergate.networks.logits import difference
from wergate.networks.signature import Feed, Signature
from wergate.recognizers.base import features, in_order
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.compilations import Compilation, Report, ignore
from wergate.recognizers.openvino import Job, OpenVinoRecognizer, Requests, infer_all, infer_everywhere, stream_probe
from wergate.steps import lacks_memory

Compile = Callable[[int], ov.CompiledModel]
_COMPILATIONS = 3
_LONG_S = 4.0  # an inference on more audio takes far longer than another stream needs to start with the next request


@dataclass(frozen=True)
class Compilable:
    """An IR and the functions that run it in buckets.

    Attributes:
        frontend: features, frame geometry and alphabet of the network.
        signature: meaning of the IR's inputs and output.
        compile_for: compiles the IR for one utterance of the given number of samples, or loads it from the store.
        compile_anew: does the same from the IR alone, and replaces the stored one.
        compile_dynamic: compiles the IR for any length.
        expected: returns the dynamic model's logits, shape (frames, vocabulary), for a waveform of shape (samples,).
        asked_precision: inference precision that `compile_for` asks for, "f32" or "bf16".
    """

    frontend: Frontend
    signature: Signature
    compile_for: Compile
    compile_anew: Compile
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
        self._verified: dict[int, _Verified] = {}
        self._tried_again: set[int] = set()

    @cached_property
    def dynamic(self) -> OpenVinoRecognizer:
        """The same IR with dynamic shapes, for single inferences and for utterances without a bucket."""
        return self._ir.compile_dynamic()

    def try_all(self) -> None:
        """Wait for all compilations and verify their streams now, not when each bucket is first used."""
        for length in self.buckets.lengths:
            self._requests(length)

    def precisions(self) -> Iterator[RunPrecision]:
        """See `CompiledRecognizer.precisions`."""
        for length in self.buckets.lengths:
            compiled = self._requests(length).compiled
            yield run_precision(compiled, asked=self._ir.asked_precision, samples=length)

    def rest(self) -> None:
        """Give the memory of activations back, a third of all; the next inference takes it again."""
        for bucket in self._verified.values():
            bucket.requests.compiled.release_memory()
        give_back()

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

    def again(self, samples: Samples) -> list[Logits]:
        """See `RepeatingRecognizer.again`."""
        length = self.buckets.of(self.frontend.used_samples(len(samples)))
        if not length:
            return self.dynamic.again(samples)
        requests = self._requests(length)
        self._tried_again.add(length)
        return self._everywhere(requests, samples, length)

    def probed_again(self) -> Iterator[bool]:
        """See `RepeatingRecognizer.probed_again`."""
        for length in self._verified.keys() - self._tried_again:
            bucket = self._verified[length]
            results = self._everywhere(bucket.requests, stream_probe(self.frontend)[:length], length)
            yield all(np.array_equal(bucket.probed, logits) for logits in results)
        if "dynamic" in vars(self):
            yield from self.dynamic.probed_again()

    def _everywhere(self, requests: Requests, samples: Samples, length: int) -> list[Logits]:
        """Return the logits of an utterance from every stream."""
        feed, runs = self._feed(samples, length), self._runs_per_stream(length)
        return [self._without_padding(logits, len(samples)) for logits in infer_everywhere(requests, feed, runs)]

    def _runs_per_stream(self, length: int) -> int:
        # The runtime does not report which stream takes a request. One request per stream at the same time reaches
        # all streams if inferences are long. Short ones may end before another stream wakes up, so they run twice.
        return 1 if length > _LONG_S * self.frontend.sampling_rate else 2

    def _feed(self, samples: Samples, length: int) -> Feed:
        used = self.frontend.used_samples(len(samples))
        padded = np.zeros((1, length), np.float32)
        padded[:, :used] = features(self.frontend, samples[None])[:, :used]
        return self._ir.signature.feed(padded, used)

    def _without_padding(self, logits: Logits, samples: int) -> Logits:
        """Return the frames of the utterance, without those of the padding after it."""
        return logits[0, : self.frontend.frame_count(samples)]

    def _requests(self, length: int) -> Requests:
        """Return the requests of a bucket, after verifying that all streams agree with each other.

        If streams agree, but not with the dynamic model, the cause is not a stream: the model is compiled from
        the IR alone, in case the stored one belongs to another IR. If that changes nothing, the verdicts on buckets
        judge the difference.

        Raises:
            SuiteError: streams disagree in each of several compilations.
        """
        if length in self._verified:
            return self._verified[length].requests
        compiled, from_ir = self._compiled[length].result(), False
        # With two streams, some compilations give wrong logits on one of them (docs/findings/two-streams.md).
        # Compiling again helps, so a compilation with such a stream is discarded.
        for attempt in range(1, _COMPILATIONS + 1):
            requests = Requests(compiled, self._ir.signature, self._streams)
            found = self._probed_if_it_runs(requests, length, must=from_ir)
            last = attempt == _COMPILATIONS
            if found.streams_agree and (found.is_close or from_ir or last):
                self._report(Compilation(length, self._streams, accepted=True))
                if from_ir or not found.is_close:
                    self._warn_other_logits(length, found)
                return self._verified.setdefault(length, _Verified(requests, found.logits)).requests
            if not found.streams_agree:
                self._report(Compilation(length, self._streams, accepted=False))
            if not last:
                from_ir = found.streams_agree
                compiled = (self._ir.compile_anew if from_ir else self._ir.compile_for)(length)
        raise SuiteError(
            f"a stream gave wrong logits in each of {_COMPILATIONS} compilations for {length} samples; equal inputs "
            "must give equal outputs; report it with the versions above, and run with --shapes dynamic"
        )

    def _probed_if_it_runs(self, requests: Requests, length: int, *, must: bool) -> _Probed:
        """Run the probe; a stored model of another IR can be loaded and fail only then."""
        try:
            return self._probed(requests, length)
        except RuntimeError as error:
            if must or lacks_memory(error):
                raise
            return _Probed(np.empty((0, 0), np.float32), streams_agree=True, sqnr_db=-math.inf, is_close=False)

    def _probed(self, requests: Requests, length: int) -> _Probed:
        probe = stream_probe(self.frontend)[:length]
        runs = self._streams * self._runs_per_stream(length)
        jobs = [Job(requests, partial(self._feed, probe, length)) for _ in range(runs)]
        results = [self._without_padding(logits, len(probe)) for _, logits in infer_all(jobs)]
        sqnr_db = difference(reference=self._ir.expected(probe), candidate=results[0]).sqnr_db
        equal = all(np.array_equal(results[0], other) for other in results)
        return _Probed(results[0], equal, sqnr_db, is_close=sqnr_db >= self._probe_sqnr_db_min)

    def _warn_other_logits(self, length: int, found: _Probed) -> None:
        """Warn that the first model differed from the dynamic one, and say whether the one from the IR does too."""
        if found.is_close:
            text = f"the stored model for {length} samples did not fit its IR; it was compiled again"
        else:
            text = (
                f"for {length} samples, all streams alike are {found.sqnr_db:.1f} dB from the dynamic model on a "
                f"probe, and {self._probe_sqnr_db_min:g} dB are expected; no stream is at fault, but the IR or the "
                "level of its input; see bucket_sqnr_db, and compare with --shapes dynamic"
            )
        warnings.warn(text, OtherLogitsWarning, stacklevel=3)


@dataclass(frozen=True)
class _Probed:
    """Probes of all streams of a compiled model.

    Attributes:
        logits: those of one stream, shape (frames, vocabulary).
        streams_agree: whether all streams gave the same, bit by bit.
        sqnr_db: SQNR of the logits, compared with the dynamic model.
        is_close: whether that suffices.
    """

    logits: Logits
    streams_agree: bool
    sqnr_db: float
    is_close: bool


@dataclass(frozen=True)
class _Verified:
    """Requests of a bucket, and the logits of the probe that its streams agreed on."""

    requests: Requests
    probed: Logits
