"""A sample of utterances to run edited IRs on, compared with the FP16 IR."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import openvino as ov

from wergate.corpora.audio import Samples
from wergate.corpora.corpus import Corpus
from wergate.environment.machine import thread_options
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.frontend import Frontend
from wergate.networks.ir.file import ir_signature, read_ir
from wergate.networks.ir.precision import INFERENCE_PRECISION
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.networks.signature import Signature
from wergate.recognizers.base import features


@dataclass(frozen=True)
class SampleResult:
    """Result of a model on a sample.

    Attributes:
        logits: difference to the FP16 IR's logits, over all frames.
        worst_sqnr_db: SQNR of the utterance with the lowest one.
        hypotheses: transcripts by utterance id.
    """

    logits: LogitsDifference
    worst_sqnr_db: float
    hypotheses: Mapping[str, str]


class Sample:
    """Utterances with their decoded audio and the FP16 IR's logits, each computed once.

    Attributes:
        corpus: the utterances.
        texts: reference texts by utterance id.
    """

    def __init__(
        self, corpus: Corpus, frontend: Frontend, original: Path, *, device: str, inference_precision: str
    ) -> None:
        """Prepare a sample; nothing is decoded before its first use.

        Args:
            corpus: the utterances.
            frontend: computes the network's input.
            original: the FP16 IR's `.xml`.
            device: the device to run models on.
            inference_precision: the precision to run models in.
        """
        self.corpus = corpus
        self._frontend = frontend
        self._original = original
        self._device = device
        threads = thread_options() if device == "CPU" else {}
        self._options = {INFERENCE_PRECISION: inference_precision, **threads}

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Reference texts by utterance id."""
        return {utterance.id: utterance.text for utterance in self.corpus.utterances(self._frontend.sampling_rate)}

    def figures(self, model: ov.Model, path: Path) -> SampleResult:
        """Compile a model and run it on the sample.

        Args:
            model: an edited IR.
            path: the IR that was edited; both have the same inputs and outputs.
        """
        logits = self._logits(model, path)
        differences = [difference(reference=self._expected[id_], candidate=own) for id_, own in logits.items()]
        worst = min(one.sqnr_db for one in differences)
        return SampleResult(total(differences), worst, self._transcripts(logits))

    def original_figures(self) -> SampleResult:
        """Return the FP16 IR's own result: no difference, and its transcripts."""
        return SampleResult(LogitsDifference(), math.inf, self._transcripts(self._expected))

    @cached_property
    def _expected(self) -> Mapping[str, Logits]:
        return self._logits(read_ir(self._original), self._original)

    @cached_property
    def _inputs(self) -> Mapping[str, Samples]:
        """The networks' inputs by utterance id, the longest first."""
        # OpenVINO can give wrong logits after a first inference on one frame:
        # see docs/findings/one-frame-first.md
        frontend = self._frontend
        utterances = self.corpus.utterances(frontend.sampling_rate)
        waves = {utterance.id: features(frontend, utterance.waveform.samples[None]) for utterance in utterances}
        longest = sorted(waves, key=lambda id_: -waves[id_].shape[1])
        return {id_: waves[id_][:, : frontend.used_samples(waves[id_].shape[1])] for id_ in longest}

    def _logits(self, model: ov.Model, path: Path) -> Mapping[str, Logits]:
        signature = _signature(path, len(self._frontend.alphabet.labels))
        request = ov.Core().compile_model(model, self._device, self._options).create_infer_request()
        return {
            id_: signature.logits(request.infer(signature.feed(batch))[signature.output])[0]
            for id_, batch in self._inputs.items()
        }

    def _transcripts(self, logits: Mapping[str, Logits]) -> Mapping[str, str]:
        return {id_: greedy_decode(own, self._frontend.alphabet) for id_, own in logits.items()}


@cache
def _signature(path: Path, vocabulary: int) -> Signature:
    """Return an IR's signature.

    It is cached, because an IR whose file leaves its axes open must be compiled to find its signature.
    """
    return ir_signature(path, vocabulary)
