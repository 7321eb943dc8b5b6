"""FP16 IR to INT8 IR with accuracy control: NNCF reverts layers to floating point until the drop of 1 - WER is small.

Higher is better for NNCF's metric, so it is 1 - WER instead of the WER. While logits or transcripts fail another gate
of a plain run, the metric is lower by how far they do, so that tuning continues until its result passes that gate too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from wergate.config.models import ModelSettings
from wergate.config.quantization import QuantizationSettings
from wergate.config.thresholds import Thresholds
from wergate.corpora.corpus import Corpus
from wergate.disk.files import write_part
from wergate.environment.digest import source_digest
from wergate.environment.machine import cpu, thread_options, versions
from wergate.errors import SuiteError
from wergate.evaluation.normalize import NORMALIZERS
from wergate.evaluation.wer import WordErrors, count_word_errors
from wergate.networks.ctc import Logits, greedy_decode
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE, save_ir
from wergate.networks.ir.file import compile_ir, ir_signature
from wergate.networks.logits import LogitsDifference, difference, total
from wergate.networks.signature import Feed, Signature
from wergate.progress import Progress
from wergate.quantization import nncf as quantize
from wergate.quantization.nncf import nncf_function, refused_scope, require_matches
from wergate.store import Artifact, Store

TUNING_FILE = "tuning.json"
_LOGITS = ("sqnr_db_min", "argmax_agreement_min", "worst_sqnr_db_min")
_SHORTFALL_MAX = 1.0  # of one gate


@dataclass(frozen=True)
class Tuning:
    """Utterances that an accuracy-controlled IR was tuned on, and the WERs that NNCF measured on them.

    Attributes:
        utterances: digest of the audio by utterance id.
        fp16_wer: WER of the FP16 IR.
        int8_wer: WER of the IR with all layers quantized, before any was reverted.
        tuned_wer: WER of the resulting IR.
        int8_sqnr_db, tuned_sqnr_db: SQNR in dB of the logits of both, compared with the FP16 IR's.
        validations: number of times that all or some of the utterances were transcribed.
    """

    utterances: Mapping[str, str]
    fp16_wer: float
    int8_wer: float
    tuned_wer: float
    int8_sqnr_db: float
    tuned_sqnr_db: float
    validations: int


@dataclass(frozen=True)
class ValidationUtterance:
    """A validation utterance: its id, the network's inputs and the reference transcript."""

    id: str
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
        SuiteError: the FP16 IR does not understand the validation utterances, the ignored scope is not accepted, or the
            installed NNCF has no accuracy control.
    """
    # The choice of reverted layers depends on INT8 results, and these depend on the CPU's instruction set ("isa").
    parts = {
        "fp16": fp16.key,
        "calibration": dict(calibration.digests),
        "validation": {entry.id: [entry.digest, entry.text_digest] for entry in validation.entries},
        "normalizer": normalizer,
        "settings": settings.quantization.model_dump(exclude={"subset_size"}),
        "max_drop": settings.accuracy_control.max_drop,
        "gates": [getattr(settings.thresholds.int8, name) for name in (*_LOGITS, "mismatch_rate_max")],
        "isa": cpu().isa,
        "versions": versions(("openvino", "nncf", "jiwer")),
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        frontend = read_frontend(fp16.file(FRONTEND_FILE))
        signature = ir_signature(fp16.file(MODEL_FILE), len(frontend.alphabet.labels))
        utterances = _validation_utterances(validation, frontend, signature)
        measure = Measure(signature, frontend, normalizer, settings.thresholds.int8, progress)
        fp16_errors = measure.compare_with(fp16.file(MODEL_FILE), utterances)
        _require_understood(fp16_errors.wer, fp16_errors.words, validation, settings)
        inputs = quantize.calibration_inputs(calibration, frontend, signature)
        feeds = list(progress(inputs, "reading calibration audio", len(calibration)))
        _control(fp16.file(MODEL_FILE), feeds, utterances, measure, settings, folder / MODEL_FILE)
        shutil.copyfile(fp16.file(FRONTEND_FILE), folder / FRONTEND_FILE)
        measure.measure_saved(folder / MODEL_FILE, utterances)
        measure.finish()
        _write_tuning(measure, validation, folder / TUNING_FILE)

    controlled = store.get("controlled-ir", parts, build)
    _require_understood(read_tuning(controlled).fp16_wer, len(validation), validation, settings)
    return controlled


def _require_understood(wer: float, words: int, validation: Corpus, settings: ModelSettings) -> None:
    """Refuse to tune on transcripts that the FP16 IR does not reproduce: on those, any change may look like a gain.

    Args:
        wer: WER of the FP16 IR on the validation utterances.
        words: number of their words; only whether it is 0 counts.

    Raises:
        SuiteError: there are no words, or the WER is above `accuracy_control.validation_wer_max`.
    """
    limit = settings.accuracy_control.validation_wer_max
    if words and (limit is None or wer <= limit):
        return
    found = f"the FP16 IR has a word error rate of {wer:,.0%}" if words else "the transcripts have no words"
    wanted = "" if limit is None else f" with a rate of at most {limit:.0%} (accuracy_control.validation_wer_max)"
    raise SuiteError(
        f"accuracy control cannot tune '{settings.name}': {found} on the {len(validation)} utterances of "
        f"'{validation.name}'; transcripts that the model reproduces{wanted} are needed; name a calibration corpus "
        "with such transcripts with --calibration, or choose another --quantizer"
    )


class Measure:
    """NNCF's validation function, which returns 1 - WER, less the shortfall of the logits.

    Attributes:
        wers: the WERs of all calls.
        sqnrs_db: the SQNRs of all calls, compared with the FP16 IR.
    """

    def __init__(
        self,
        signature: Signature,
        frontend: Frontend,
        normalizer: str,
        thresholds: Thresholds,
        progress: Progress,
    ) -> None:
        self.wers: list[float] = []
        self.sqnrs_db: list[float] = []
        self._expected: dict[str, Logits] = {}
        self._signature = signature
        self._alphabet = frontend.alphabet
        self._normalizer = NORMALIZERS[normalizer]
        self._thresholds = thresholds
        self._open = True
        runs = takewhile(lambda _: self._open, count())  # the number of validations is not known in advance
        self._ticks = progress(runs, "tuning with accuracy control: validations")

    def compare_with(self, path: Path, utterances: Sequence[ValidationUtterance]) -> WordErrors:
        """Set the FP16 IR whose logits all others are compared with, and return its word errors."""
        self._expected = self._logits(compile_ir(path, "CPU", {}), utterances)
        return sum(self._errors(self._expected, utterances), WordErrors())

    def __call__(self, compiled: Any, utterances: Iterable[ValidationUtterance]) -> tuple[float, list[float]]:
        """Return the metric of a compiled model, and a value of each utterance by which NNCF ranks layers.

        The value is the negative number of word errors. Where these are equal, the noise decides.
        """
        transcribed = list(utterances)
        logits = self._logits(compiled, transcribed)
        errors = self._errors(logits, transcribed)
        changed = sum(self._text(each.id, logits) != self._text(each.id, self._expected) for each in transcribed)
        differences = [
            difference(reference=self._expected[utterance.id], candidate=logits[utterance.id])
            for utterance in transcribed
        ]
        self.wers.append(sum(errors, WordErrors()).wer)
        self.sqnrs_db.append(total(differences).sqnr_db)
        next(self._ticks)
        values = [-counted.errors - _noise_share(own) for counted, own in zip(errors, differences, strict=True)]
        missing = shortfall(differences, self._thresholds, mismatch_rate=changed / len(transcribed))
        return 1 - self.wers[-1] - missing, values

    def measure_saved(self, path: Path, utterances: Sequence[ValidationUtterance]) -> None:
        """Measure the saved IR; NNCF's last validation may have been of another candidate."""
        self(compile_ir(path, "CPU", thread_options()), utterances)

    def finish(self) -> None:
        """End the progress display."""
        self._open = False
        next(self._ticks, None)

    def _logits(self, compiled: Any, utterances: Sequence[ValidationUtterance]) -> dict[str, Logits]:
        request = compiled.create_infer_request()
        outputs = ((each.id, request.infer(each.feed)[self._signature.output]) for each in utterances)
        return {id_: self._signature.logits(output)[0].copy() for id_, output in outputs}

    def _errors(
        self, logits: Mapping[str, Logits], utterances: Sequence[ValidationUtterance]
    ) -> tuple[WordErrors, ...]:
        return count_word_errors(
            references=[utterance.text for utterance in utterances],
            hypotheses=[self._text(utterance.id, logits) for utterance in utterances],
            normalizer=self._normalizer,
        )

    def _text(self, id_: str, logits: Mapping[str, Logits]) -> str:
        return greedy_decode(logits[id_], self._alphabet)


def shortfall(differences: Sequence[LogitsDifference], thresholds: Thresholds, *, mismatch_rate: float = 0.0) -> float:
    """Return how far a model is from the thresholds of a plain run, relative to these; 0 if it reaches all of them.

    Args:
        differences: logits of each utterance, compared with the FP16 IR.
        thresholds: thresholds of INT8.
        mismatch_rate: share of the utterances whose transcripts differ from the FP16 IR's.
    """
    whole, worst = total(differences), min(own.sqnr_db for own in differences)
    claims = zip((whole.sqnr_db, whole.argmax_agreement, worst), _LOGITS, strict=True)
    limits: Iterator[tuple[float, float | None]] = ((value, getattr(thresholds, name)) for value, name in claims)
    missing = ((limit - value) / (abs(limit) or 1.0) for value, limit in limits if limit is not None)
    beyond = mismatch_rate - thresholds.mismatch_rate_max
    return sum(min(_SHORTFALL_MAX, each) for each in (*missing, beyond) if not each <= 0)


def _noise_share(own: LogitsDifference) -> float:
    """Return the noise relative to the signal, at most 1, so that a word error always counts more."""
    share = own.noise / own.signal if own.signal else 0.0
    return share if share <= 1 else 1.0


def _validation_utterances(validation: Corpus, frontend: Frontend, signature: Signature) -> list[ValidationUtterance]:
    """Return the validation utterances, the longest first."""
    # If the first inference has a single frame, OpenVINO gives wrong logits for all later ones
    # (docs/findings/one-frame-first.md).
    utterances = sorted(validation.utterances(frontend.sampling_rate), key=lambda u: -u.waveform.duration_s)
    return [
        ValidationUtterance(u.id, signature.feed(frontend.features(u.waveform.samples)[None]), u.text)
        for u in utterances
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
    quantize.hide_false_biases(model)
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
    quantize.show_biases(controlled)
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
    _, _, int8_sqnr_db, *_, tuned_sqnr_db = measure.sqnrs_db
    tuning = {
        "utterances": dict(validation.digests),
        "fp16_wer": fp16_wer,
        "int8_wer": int8_wer,
        "tuned_wer": tuned_wer,
        "int8_sqnr_db": int8_sqnr_db,
        "tuned_sqnr_db": tuned_sqnr_db,
        "validations": len(measure.wers) - 2,  # without NNCF's test call and without `measure_saved`
    }
    write_part(path, json.dumps(tuning, indent=1, ensure_ascii=False))


def read_tuning(artifact: Artifact) -> Tuning:
    """Return the utterances and the WERs of tuning of an accuracy-controlled IR."""
    return Tuning(**json.loads(artifact.file(TUNING_FILE).read_text(encoding="utf-8")))
