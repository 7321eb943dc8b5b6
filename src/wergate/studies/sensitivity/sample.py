"""Variants of an IR in memory, run on one sample again and again, beside the FP16 IR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import openvino as ov

from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import ir_signature, read_ir
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.networks.signature import Signature
from wergate.recognizers.base import features


@dataclass(frozen=True)
class SampleResult:
    """What a variant makes of a sample.

    Attributes:
        logits: against the FP16 IR's, over all frames.
        hypotheses: by utterance id.
    """

    logits: LogitsDifference
    hypotheses: Mapping[str, str]


class Sample:
    """Utterances whose audio is decoded once, and whose logits of the FP16 IR are kept.

    Attributes:
        corpus: what it consists of.
        texts: what was said, by utterance id.
    """

    def __init__(
        self, corpus: Corpus, frontend: Frontend, original: Path, *, device: str, inference_precision: str
    ) -> None:
        """Take a corpus; nothing is decoded before it is asked for.

        Args:
            original: the FP16 IR's `.xml`.
        """
        self.corpus = corpus
        self._frontend = frontend
        self._original = original
        self._device = device
        self._hint = {"INFERENCE_PRECISION_HINT": inference_precision}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """What was said, by utterance id."""
        return {utterance.id: utterance.text for utterance in self.corpus.utterances(self._frontend.sampling_rate)}

    def figures(self, model: ov.Model, path: Path) -> SampleResult:
        """Compile a model and run it on the sample.

        Args:
            path: the IR that it is a variant of: they have the same inputs and outputs.
        """
        logits = self._logits(model, path)
        pairs = (difference(reference=self._expected[id_], candidate=found) for id_, found in logits.items())
        return SampleResult(total(pairs), self._heard(logits))

    def original_figures(self) -> SampleResult:
        """Return the FP16 IR's own: no difference, and what it hears."""
        return SampleResult(LogitsDifference(), self._heard(self._expected))

    @cached_property
    def _expected(self) -> Mapping[str, Logits]:
        return self._logits(read_ir(self._original), self._original)

    @cached_property
    def _inputs(self) -> Mapping[str, Samples]:
        """The networks' inputs, the longest first: see docs/one-frame-first.md."""
        frontend = self._frontend
        utterances = self.corpus.utterances(frontend.sampling_rate)
        waves = {utterance.id: features(frontend, utterance.waveform.samples[None]) for utterance in utterances}
        longest = sorted(waves, key=lambda id_: -waves[id_].shape[1])
        return {id_: waves[id_][:, : frontend.used_samples(waves[id_].shape[1])] for id_ in longest}

    def _logits(self, model: ov.Model, path: Path) -> Mapping[str, Logits]:
        signature = _signature(path, len(self._frontend.alphabet.labels))
        request = ov.Core().compile_model(model, self._device, self._hint).create_infer_request()
        return {
            id_: signature.logits(request.infer(signature.feed(batch))[signature.output])[0]
            for id_, batch in self._inputs.items()
        }

    def _heard(self, logits: Mapping[str, Logits]) -> Mapping[str, str]:
        return {id_: greedy_decode(found, self._frontend.alphabet) for id_, found in logits.items()}


@cache
def _signature(path: Path, vocabulary: int) -> Signature:
    """Match an IR's inputs and output once: where the file leaves its axes open, that takes a compilation."""
    return ir_signature(path, vocabulary)
