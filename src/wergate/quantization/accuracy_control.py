"""FP16 IR to INT8 IR with accuracy control: NNCF reverts layers to floating point until the drop of 1 - WER is small.

Higher is better for NNCF's metric, so it is 1 - WER instead of the WER.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy.typing as npt

from wergate.config.models import ModelSettings
from wergate.config.quantization import QuantizationSettings
from wergate.corpora.corpus import Corpus
from wergate.environment import cpu, source_digest, versions
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import WordErrors, count_word_errors
from wergate.networks.ctc import greedy_decode
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE, save_ir
from wergate.networks.ir.file import ir_signature
from wergate.networks.signature import Feed, Signature
from wergate.progress import Progress
from wergate.quantization import nncf as quantize
from wergate.quantization.nncf import nncf_function, refused_scope, require_matches
from wergate.store import Artifact, Store

TUNING_FILE = "tuning.json"


@dataclass(frozen=True)
class Tuning:
    """Utterances that an accuracy-controlled IR was tuned on, and the WERs that NNCF measured on them.

    Attributes:
        utterances: digest of the audio by utterance id.
        fp16_wer: WER of the FP16 IR.
        int8_wer: WER of the IR with all layers quantized, before any was reverted.
        tuned_wer: WER of the resulting IR.
        validations: number of times that all or some of the utterances were transcribed.
    """

    utterances: Mapping[str, str]
    fp16_wer: float
    int8_wer: float
    tuned_wer: float
    validations: int


@dataclass(frozen=True)
class ValidationUtterance:
    """A validation utterance: the network's inputs and the reference transcript."""

    feed: Feed
    text: str


def controlled_ir(
    store: Store,
    fp16: Artifact,
    calibration: Corpus,
    validation: Corpus,
    *,
    settings: ModelSettings,
    normalizer: str,
    progress: Progress,
) -> Artifact:
    """Return the accuracy-controlled IR: `model.xml`, `model.bin`, `frontend.json` and `tuning.json`.

    Args:
        store: the store.
        fp16: artifact of the FP16 IR.
        calibration: utterances that provide range statistics.
        validation: utterances on which NNCF measures the drop of 1 - WER.
        settings: settings of the model, with its quantization and accuracy control.
        normalizer: name of the text normalizer for the WER.
        progress: progress display.

    Raises:
        SuiteError: the ignored scope is not accepted, or the installed NNCF has no accuracy control.
    """
    # The choice of reverted layers depends on INT8 results, and these depend on the CPU's instruction set ("isa").
    parts = {
        "fp16": fp16.key,
        "calibration": dict(calibration.digests),
        "validation": {entry.id: [entry.digest, entry.text_digest] for entry in validation.entries},
        "normalizer": normalizer,
        "settings": settings.quantization.model_dump(exclude={"subset_size"}),
        "max_drop": settings.accuracy_control.max_drop,
        "isa": cpu().isa,
        "versions": versions(("openvino", "nncf", "jiwer")),
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        frontend = read_frontend(fp16.file(FRONTEND_FILE))
        signature = ir_signature(fp16.file(MODEL_FILE), len(frontend.alphabet.labels))
        inputs = quantize.calibration_inputs(calibration, frontend, signature)
        feeds = list(progress(inputs, "reading calibration audio", len(calibration)))
        utterances = _validation_utterances(validation, frontend, signature)
        measure = Measure(signature, frontend, normalizer, progress)
        _control(fp16.file(MODEL_FILE), feeds, utterances, measure, settings, folder / MODEL_FILE)
        shutil.copyfile(fp16.file(FRONTEND_FILE), folder / FRONTEND_FILE)
        measure.measure_saved(folder / MODEL_FILE, utterances)
        measure.finish()
        _write_tuning(measure, validation, folder / TUNING_FILE)

    return store.get("controlled-ir", parts, build)


class Measure:
    """NNCF's validation function, which returns 1 - WER.

    Attributes:
        wers: the WERs of all calls.
    """

    def __init__(self, signature: Signature, frontend: Frontend, normalizer: str, progress: Progress) -> None:
        self.wers: list[float] = []
        self._signature = signature
        self._alphabet = frontend.alphabet
        self._normalizer = NORMALIZERS[normalizer]
        self._open = True
        runs = takewhile(lambda _: self._open, count())  # the number of validations is not known in advance
        self._ticks = progress(runs, "tuning with accuracy control: validations")

    def __call__(self, compiled: Any, utterances: Iterable[ValidationUtterance]) -> tuple[float, list[float]]:
        """Return 1 - WER of a compiled model, and the negative number of word errors of each utterance."""
        request, transcribed = compiled.create_infer_request(), list(utterances)
        errors = count_word_errors(
            references=[utterance.text for utterance in transcribed],
            hypotheses=[self._transcript(request, utterance.feed) for utterance in transcribed],
            normalizer=self._normalizer,
        )
        self.wers.append(sum(errors, WordErrors()).wer)
        next(self._ticks)
        return 1 - self.wers[-1], [-float(counted.errors) for counted in errors]

    def measure_saved(self, path: Path, utterances: Sequence[ValidationUtterance]) -> None:
        """Measure the saved IR; NNCF's last validation may have been of another candidate."""
        import openvino as ov

        self(ov.Core().compile_model(path, "CPU"), utterances)

    def finish(self) -> None:
        """End the progress display."""
        self._open = False
        next(self._ticks, None)

    def _transcript(self, request: Any, feed: Feed) -> str:
        output: npt.NDArray[Any] = request.infer(feed)[self._signature.output]
        return greedy_decode(self._signature.logits(output)[0], self._alphabet)


def _validation_utterances(validation: Corpus, frontend: Frontend, signature: Signature) -> list[ValidationUtterance]:
    """Return the validation utterances, the longest first."""
    # If the first inference has a single frame, OpenVINO gives wrong logits for all later ones
    # (docs/findings/one-frame-first.md).
    utterances = sorted(validation.utterances(frontend.sampling_rate), key=lambda u: -u.waveform.duration_s)
    return [
        ValidationUtterance(signature.feed(frontend.features(u.waveform.samples)[None]), u.text) for u in utterances
    ]


def _control(
    fp16_path: Path,
    feeds: Sequence[Feed],
    utterances: Sequence[ValidationUtterance],
    measure: Callable[[Any, Iterable[ValidationUtterance]], tuple[float, list[float]]],
    settings: ModelSettings,
    path: Path,
) -> None:
    control = nncf_function("quantize_with_accuracy_control", quantizer="nncf-accuracy-control")
    import nncf
    import openvino as ov
    from nncf.quantization.advanced_parameters import AdvancedAccuracyRestorerParameters

    model = ov.Core().read_model(fp16_path)
    require_matches(settings.quantization.ignored_scope, model)
    try:
        controlled = control(
            model,
            nncf.Dataset(feeds),
            nncf.Dataset(utterances, lambda utterance: utterance.feed),
            measure,
            max_drop=settings.accuracy_control.max_drop,
            drop_type=nncf.DropType.ABSOLUTE,
            **quantize.nncf_options(settings.quantization, len(feeds)),
            advanced_quantization_parameters=_without_smoothing(settings.quantization),
            advanced_accuracy_restorer_parameters=AdvancedAccuracyRestorerParameters(num_ranking_workers=1),
        )
    except nncf.ValidationError as error:
        raise refused_scope(error) from error
    save_ir(controlled, path)


def _without_smoothing(settings: QuantizationSettings) -> Any:
    """Return the advanced parameters of quantization with SmoothQuant off."""
    # NNCF 3.4 reverts a layer to its weights before SmoothQuant, but leaves the scaling of its input in the graph
    # (docs/studies/calibration.md).
    return quantize.advanced_parameters(settings.model_copy(update={"smooth_quant": False}))


def _write_tuning(measure: Measure, validation: Corpus, path: Path) -> None:
    """Write the utterances and the WERs of tuning as JSON."""
    # NNCF's first call only tests the function on one utterance, so its WER is dropped.
    _, fp16_wer, int8_wer, *_, tuned_wer = measure.wers
    tuning = {
        "utterances": dict(validation.digests),
        "fp16_wer": fp16_wer,
        "int8_wer": int8_wer,
        "tuned_wer": tuned_wer,
        "validations": len(measure.wers) - 2,  # without NNCF's test call and without `measure_saved`
    }
    path.write_text(json.dumps(tuning, indent=1, ensure_ascii=False), encoding="utf-8")


def read_tuning(artifact: Artifact) -> Tuning:
    """Return the utterances and the WERs of tuning of an accuracy-controlled IR."""
    return Tuning(**json.loads(artifact.file(TUNING_FILE).read_text(encoding="utf-8")))
