"""ONNX to FP16 IR with the Model Optimizer and FP16 IR to INT8 IR with POT, both in the legacy environment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wergate.config.base import Normalizer
from wergate.config.models import ModelSettings
from wergate.config.quantization import QuantizationSettings
from wergate.corpora.corpus import Corpus
from wergate.disk.files import write_part
from wergate.environment.digest import source_digest
from wergate.environment.machine import versions
from wergate.errors import SuiteError
from wergate.evaluation.normalize import NORMALIZERS
from wergate.models.base import ReferenceModel
from wergate.networks.alphabet import Alphabet
from wergate.networks.frontend import Frontend, read_frontend, write_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.file import ir_signature
from wergate.progress import Progress
from wergate.quantization.fp16 import fp16_parts
from wergate.quantization.legacy import Legacy, run_step
from wergate.store import Artifact, Store

REPORT_FILE = "pot.json"
LOG_FILE = "pot.log"
_NAME = Path(MODEL_FILE).stem


@dataclass(frozen=True)
class PotReport:
    """POT's report of a quantization.

    Attributes:
        algorithm: name of POT's algorithm.
        preset: POT's preset, such as "performance".
        seconds: duration of the quantization alone.
        utterances: number of calibration utterances.
        reverted: operations that accuracy-aware quantization reverted to floating point.
        wers: WERs on the tuning utterances of FP16, of INT8 with nothing reverted and of the result; empty without
            accuracy-aware quantization.
    """

    algorithm: str
    preset: str
    seconds: float
    utterances: int
    reverted: tuple[str, ...]
    wers: tuple[float, ...]


def legacy_fp16_ir(store: Store, model: ReferenceModel, legacy: Legacy, progress: Progress) -> Artifact:
    """Return the Model Optimizer's FP16 IR of a model: `model.xml`, `model.bin`, `frontend.json` and `pot.log`."""
    source = source_digest(__name__, type(model).__module__)
    parts = legacy.parts | {"onnx": fp16_parts(model), "versions": versions(("onnx",)), "source": source}

    def build(folder: Path) -> None:
        def job(work: Path) -> Mapping[str, Any]:
            return {"onnx": str(model.onnx(work)), "ir": str(folder / MODEL_FILE)}

        for _ in progress([model], f"converting {model.name} with OpenVINO 2023.3", 1):
            write_frontend(model.frontend(), folder / FRONTEND_FILE)
            _step(legacy, "convert", job, folder)

    return store.get("fp16-ir", parts, build)


def pot_int8_ir(
    store: Store,
    fp16: Artifact,
    calibration: Corpus,
    *,
    algorithm: Algorithm,
    settings: ModelSettings,
    legacy: Legacy,
    progress: Progress,
) -> Artifact:
    """Return POT's INT8 IR: `model.xml`, `model.bin`, `frontend.json`, `pot.json` and `pot.log`.

    Raises:
        SuiteError: the normalizer or the model's inputs are not supported, or POT failed.
    """
    options = job_settings(algorithm, settings)
    parts = legacy.parts | {
        "fp16": fp16.key,
        "calibration": {entry.id: [entry.digest, entry.text_digest] for entry in calibration.entries},
        "settings": options,
        "normalizer": settings.normalizer,
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        frontend = read_frontend(fp16.file(FRONTEND_FILE))

        def job(work: Path) -> Mapping[str, Any]:
            utterances = _write_calibration(calibration, frontend, settings.normalizer, work)
            return options | {
                "ir": str(fp16.file(MODEL_FILE)),
                "name": _NAME,
                "folder": str(folder),
                "utterances": list(progress(utterances, "reading calibration audio", len(calibration))),
                "speller": speller(frontend.alphabet, settings.normalizer),
            }

        _require_one_input(fp16.file(MODEL_FILE), frontend)
        for _ in progress([folder], f"quantizing with POT's {algorithm}", 1):
            report = _step(legacy, "quantize", job, folder)
        _write_report(report, options, folder / REPORT_FILE)
        shutil.copyfile(fp16.file(FRONTEND_FILE), folder / FRONTEND_FILE)

    return store.get("int8-ir", parts, build)


def _step(legacy: Legacy, step: str, job: Callable[[Path], Mapping[str, Any]], folder: Path) -> dict[str, Any]:
    """Run a step that writes an IR to a folder, and move its log there."""
    # A failed build removes its folder, so the log is elsewhere until the step has succeeded.
    log = folder.parents[1] / "logs" / f"{folder.name}.log"
    report = run_step(legacy, step, job, folder=folder, log=log)
    shutil.move(log, folder / LOG_FILE)
    return report


def _require_one_input(path: Path, frontend: Frontend) -> None:
    signature = ir_signature(path, len(frontend.alphabet.labels))
    count = len(signature.feed(np.zeros((1, frontend.sampling_rate), np.float32)))
    if count > 1:
        raise SuiteError(
            f"POT supports only waveforms as input, but the model takes {count} inputs; a model without a mask or "
            "lengths is accepted; choose another quantizer with --quantizer"
        )


def _write_calibration(
    calibration: Corpus, frontend: Frontend, normalizer: str, folder: Path
) -> Iterator[Mapping[str, str]]:
    """Write the network's input for each utterance, shape (1, samples), and yield its file and its transcript."""
    for number, utterance in enumerate(calibration.utterances(frontend.sampling_rate)):
        file = folder / f"{number}.npy"
        np.save(file, frontend.features(utterance.waveform.samples)[None], allow_pickle=False)
        yield {"file": str(file), "text": NORMALIZERS[normalizer](utterance.text)}


def _write_report(report: Mapping[str, Any], options: Mapping[str, Any], path: Path) -> None:
    pot_report = PotReport(
        algorithm=options["algorithm"],
        preset=options["params"]["preset"],
        seconds=report["seconds"],
        utterances=report["utterances"],
        reverted=tuple(report["reverted"]),
        wers=tuple(report["wers"]),
    )
    write_part(path, json.dumps(asdict(pot_report), indent=1))


def read_pot_report(artifact: Artifact) -> PotReport:
    """Return POT's report of a quantization."""
    values = json.loads(artifact.file(REPORT_FILE).read_text(encoding="utf-8"))
    return PotReport(**values | {key: tuple(values[key]) for key in ("reverted", "wers")})


Algorithm = Literal["DefaultQuantization", "AccuracyAwareQuantization"]
_CASES: Mapping[Normalizer, str | None] = {"none": None, "upper": "upper"}
# POT's saturation_fix for each of NNCF's overflow_fix. POT's own fix for all layers fails on attention, so the driver
# rescales the layers itself.
_SATURATION = {"disable": "no", "first_layer_only": "first_layer", "enable": "first_layer"}


def job_settings(algorithm: Algorithm, settings: ModelSettings) -> dict[str, Any]:
    """Return the driver's parameters for an algorithm.

    Raises:
        SuiteError: accuracy-aware quantization needs a metric, and the driver's metric lacks the normalizer.
    """
    aware = algorithm == "AccuracyAwareQuantization"
    if aware and settings.normalizer not in _CASES:
        raise SuiteError(
            f"POT's {algorithm} cannot count word errors with normalizer '{settings.normalizer}'; "
            f"{', '.join(_CASES)} are accepted; choose one of them with --normalizer"
        )
    quantization = settings.quantization
    return {
        "algorithm": algorithm,
        "params": _params(settings) | (_accuracy_params(settings) if aware else {}),
        "rescale_all": quantization.overflow_fix == "enable",
        "sample_limit": quantization.subset_size,
    }


def _params(settings: ModelSettings) -> dict[str, Any]:
    quantization, scope = settings.quantization, settings.pot.ignored_scope
    return {
        "target_device": "ANY",
        "model_type": "transformer",
        "preset": quantization.preset,
        "stat_subset_size": quantization.subset_size,
        "saturation_fix": _SATURATION[quantization.overflow_fix],
        "activations": {"range_estimator": _range_estimator(quantization)},
        "ignored": {"scope": scope.names, "operations": [{"type": name} for name in scope.types]},
    }


def _range_estimator(quantization: QuantizationSettings) -> dict[str, Any]:
    return {
        "min": {"aggregator": quantization.min_aggregator, "type": "min"},
        "max": {
            "aggregator": quantization.max_aggregator,
            "type": "quantile",
            "outlier_prob": quantization.max_quantile_outlier_prob,
        },
    }


def _accuracy_params(settings: ModelSettings) -> dict[str, Any]:
    drop = {"maximal_drop": settings.accuracy_control.max_drop, "drop_type": "absolute"}
    return drop | {"ranking_subset_size": settings.pot.ranking_subset_size}


def speller(alphabet: Alphabet, normalizer: Normalizer) -> dict[str, Any]:
    """Return the arguments of `pot_driver.transcript.Speller`, which turns labels into text."""
    return {
        "texts": [_text_of(alphabet, label) for label in alphabet.labels],
        "joiner": alphabet.joiner,
        "word_start": alphabet.word_start,
        "case": "lower" if alphabet.lower_case and normalizer == "none" else _CASES.get(normalizer),
    }


def _text_of(alphabet: Alphabet, label: str) -> str | None:
    if label == alphabet.blank:
        return None
    if label == alphabet.word_delimiter:
        return alphabet.delimiter_text
    return label if label not in alphabet.special else None
