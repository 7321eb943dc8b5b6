"""An IR compiled for a few fixed lengths, to which utterances are padded: how whole corpora are transcribed fastest.

Only for an IR that padding does not change (docs/padding.md).
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
from wergate.networks.logits import difference
from wergate.networks.signature import Feed, Signature
from wergate.recognizers.base import features, in_order
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.openvino import Job, OpenVinoRecognizer, Requests, infer_all, stream_probe

Compile = Callable[[int], ov.CompiledModel]
_COMPILATIONS = 3
_LONG_S = 4.0  # an inference of that takes far longer than another stream needs to wake up and take the next one


@dataclass(frozen=True)
class Compilable:
    """An IR, and what it takes to run it in buckets.

    Attributes:
        compile_for: compiles it for one utterance of that many samples.
        compile_dynamic: compiles it for any length.
        expected: what the dynamic one makes of a waveform of shape (samples,): logits, shape (frames, vocabulary).
    """

    frontend: Frontend
    signature: Signature
    compile_for: Compile
    compile_dynamic: Callable[[], OpenVinoRecognizer]
    expected: Callable[[Samples], Logits]


class BucketedRecognizer:
    """Runs each utterance in the smallest bucket that holds it, or at its own length where none does.

    Attributes:
        rejected: compilations that were thrown away because a stream of theirs gave wrong logits.
    """

    def __init__(self, ir: Compilable, buckets: Buckets, *, streams: int, probe_sqnr_db_min: float) -> None:
        """Begin to compile for every bucket, the longest first, as many at a time as there are streams.

        Args:
            streams: inferences side by side in each bucket.
            probe_sqnr_db_min: what a padded probe's logits are held to beside those of the dynamic model.
        """
        self.frontend, self.buckets = ir.frontend, buckets
        self.rejected = 0
        self._ir = ir
        self._streams = streams
        self._probe_sqnr_db_min = probe_sqnr_db_min
        threads = ThreadPoolExecutor(streams, thread_name_prefix="compile")
        self._compiled = {length: threads.submit(ir.compile_for, length) for length in reversed(buckets.lengths)}
        threads.shutdown(wait=False)
        self._tried: dict[int, Requests] = {}

    @cached_property
    def loop(self) -> OpenVinoRecognizer:
        """The same IR with dynamic shapes, for single inferences and for what has no bucket."""
        return self._ir.compile_dynamic()

    def try_all(self) -> None:
        """Wait for every bucket's compilation and try its streams, which else happens when it is first met."""
        for length in self.buckets.lengths:
            self._requests(length)

    def logits(self, waveforms: Samples) -> Logits:
        """See `Recognizer.logits`."""
        return self.loop.logits(waveforms)

    def logits_of(self, utterances: Sequence[Samples]) -> list[Logits]:
        """See `Recognizer.logits_of`."""
        return in_order(self.completed(utterances))

    def completed(self, utterances: Sequence[Samples]) -> Iterator[tuple[int, Logits]]:
        """See `wergate.recognizers.base.completed`."""
        for samples in utterances:  # before any inference is under way
            self.frontend.require_frame(len(samples))
        lengths = [self.buckets.of(self.frontend.used_samples(len(samples))) for samples in utterances]
        held = sorted((n for n, length in enumerate(lengths) if length), key=lambda n: -len(utterances[n]))
        jobs = (self._job(utterances[n], length) for n in held if (length := lengths[n]))
        for place, logits in infer_all(jobs):
            yield held[place], self._alone(logits, len(utterances[held[place]]))
        rest = [n for n, length in enumerate(lengths) if not length]
        if not rest:
            return
        for place, logits in self.loop.completed([utterances[n] for n in rest]):
            yield rest[place], logits

    def _job(self, samples: Samples, length: int) -> Job:
        return Job(self._requests(length), partial(self._feed, samples, length))

    def _feed(self, samples: Samples, length: int) -> Feed:
        used = self.frontend.used_samples(len(samples))
        padded = np.zeros((1, length), np.float32)
        padded[:, :used] = features(self.frontend, samples[None])[:, :used]
        return self._ir.signature.feed(padded, used)

    def _alone(self, logits: Logits, samples: int) -> Logits:
        """Return the utterance's own frames: what follows is padding."""
        return logits[0, : self.frontend.frame_count(samples)]

    def _requests(self, length: int) -> Requests:
        """Return the requests of a bucket, all of whose streams give what the dynamic model gives.

        Some compilations with two streams gave wrong logits on one of them, and nothing tells which stream takes a
        request: so as many are started at once as there are streams, and twice as many where they end soon.

        Raises:
            SuiteError: streams keep disagreeing.
        """
        if length in self._tried:
            return self._tried[length]
        compiled = self._compiled[length].result()
        for _ in range(_COMPILATIONS):
            requests = Requests(compiled, self._ir.signature, self._streams)
            if self._agree(requests, length):
                return self._tried.setdefault(length, requests)
            self.rejected += 1
            compiled = self._ir.compile_for(length)
        raise SuiteError(
            f"a stream gave wrong logits in each of {_COMPILATIONS} compilations for {length} samples; equal inputs "
            "must give equal outputs; report it with the versions above, and run with --shapes dynamic"
        )

    def _agree(self, requests: Requests, length: int) -> bool:
        probe = stream_probe(self.frontend)[:length]
        long = length > _LONG_S * self.frontend.sampling_rate
        jobs = [Job(requests, partial(self._feed, probe, length)) for _ in range(self._streams * (1 if long else 2))]
        found = [self._alone(logits, len(probe)) for _, logits in infer_all(jobs)]
        near = difference(reference=self._ir.expected(probe), candidate=found[0]).sqnr_db >= self._probe_sqnr_db_min
        return near and all(np.array_equal(found[0], other) for other in found)
