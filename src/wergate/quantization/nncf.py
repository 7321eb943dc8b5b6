"""FP16 IR to INT8 IR: NNCF post-training quantization on the calibration split."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.corpora.corpus import Corpus
from wergate.environment import source_digest, version, versions
from wergate.errors import SuiteError, nearest
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE, save_ir
from wergate.networks.ir.file import ir_signature
from wergate.networks.signature import Feed, Signature
from wergate.progress import Progress
from wergate.store import Artifact, Store

_NORM = re.compile(r"(?P<layer>.*\.conv_layers\.0)/aten::sqrt/Sqrt")


def int8_ir(
    store: Store,
    fp16: Artifact,
    calibration: Corpus,
    *,
    settings: QuantizationSettings,
    progress: Progress,
) -> Artifact:
    """Return the INT8 IR of an FP16 IR: `model.xml`, `model.bin` and `frontend.json`.

    Args:
        calibration: utterances that range statistics are collected on.
    """
    parts = {
        "fp16": fp16.key,
        "calibration": dict(calibration.digests),
        "settings": settings.model_dump(exclude={"subset_size"}),
        "versions": versions(("openvino", "nncf")),
        "source": source_digest(__name__),
    }

    def build(folder: Path) -> None:
        frontend = read_frontend(fp16.file(FRONTEND_FILE))
        signature = ir_signature(fp16.file(MODEL_FILE), len(frontend.alphabet.labels))
        inputs = calibration_inputs(calibration, frontend, signature)
        inputs = list(progress(inputs, "reading calibration audio", len(calibration)))
        for target in progress([folder / MODEL_FILE], "quantizing", 1):
            quantize(fp16.file(MODEL_FILE), inputs, settings, target)
        shutil.copyfile(fp16.file(FRONTEND_FILE), folder / FRONTEND_FILE)

    return store.get("int8-ir", parts, build)


def calibration_inputs(calibration: Corpus, frontend: Frontend, signature: Signature) -> Iterable[Feed]:
    """Yield the network's inputs for each calibration utterance, in a batch of its own."""
    for utterance in calibration.utterances(frontend.sampling_rate):
        yield signature.feed(frontend.features(utterance.waveform.samples)[None])


def quantize(fp16_path: Path, inputs: list[Feed], settings: QuantizationSettings, path: Path) -> None:
    """Quantize an IR to INT8 and save it.

    Args:
        inputs: what the IR is fed for each calibration utterance.

    Raises:
        SuiteError: the ignored scope names an operation that the model does not have.
    """
    import nncf
    import openvino as ov

    model = ov.Core().read_model(fp16_path)
    require_matches(settings.ignored_scope, model)
    try:
        quantized = nncf.quantize(
            model,
            nncf.Dataset(inputs),
            **nncf_options(_sparing_norms(settings, model), len(inputs)),
            advanced_parameters=advanced_parameters(settings),
        )
    except nncf.ValidationError as error:
        raise refused_scope(error) from error
    save_ir(quantized, path)


def _sparing_norms(settings: QuantizationSettings, model: Any) -> QuantizationSettings:
    """Leave the convolution in front of a masked group norm (padding.py) in floating point.

    OpenVINO 2026.4.1 moves a quantized convolution's scales wrongly through that norm: 0 dB are left of 24. It is the
    first one, over the waveform, and little of the work.
    """
    found = (_NORM.fullmatch(op.get_friendly_name()) for op in model.get_ops())
    names = [f"{norm['layer']}.conv/aten::_convolution/Convolution" for norm in found if norm]
    scope = settings.ignored_scope
    spared = scope.model_copy(update={"names": [*scope.names, *names]})
    return settings.model_copy(update={"ignored_scope": spared})


def nncf_options(settings: QuantizationSettings, count: int) -> dict[str, Any]:
    """Return what every way of quantizing is told alike, for that many calibration utterances."""
    import nncf

    return {
        "preset": nncf.QuantizationPreset(settings.preset),
        "model_type": nncf.ModelType.TRANSFORMER,
        "subset_size": count,
        "ignored_scope": _ignored(settings.ignored_scope),
    }


def _ignored(scope: IgnoredScope) -> Any:
    import nncf

    return nncf.IgnoredScope(names=scope.names, patterns=scope.patterns, types=scope.types)


def advanced_parameters(settings: QuantizationSettings) -> Any:
    """Return the tutorial's activation ranges (min of minima, mean of upper quantiles) and the care for overflow."""
    from nncf.quantization import advanced_parameters as advanced
    from nncf.quantization import range_estimator as ranges

    alphas = advanced.AdvancedSmoothQuantParameters
    return advanced.AdvancedQuantizationParameters(
        overflow_fix=advanced.OverflowFix(settings.overflow_fix),
        disable_bias_correction=not settings.bias_correction,
        smooth_quant_alphas=alphas() if settings.smooth_quant else alphas(convolution=-1, matmul=-1),
        activations_range_estimator_params=ranges.RangeEstimatorParameters(
            min=ranges.StatisticsCollectorParameters(
                statistics_type=ranges.StatisticsType.MIN,
                aggregator_type=ranges.AggregatorType(settings.min_aggregator),
            ),
            max=ranges.StatisticsCollectorParameters(
                statistics_type=ranges.StatisticsType.QUANTILE,
                aggregator_type=ranges.AggregatorType(settings.max_aggregator),
                quantile_outlier_prob=settings.max_quantile_outlier_prob,
            ),
        ),
    )


_SHOWN = 3
_NO_LAYERS = frozenset({"Constant", "Parameter", "Result"})


def require_matches(scope: IgnoredScope, model: Any) -> None:
    """Refuse a scope of which a part matches nothing, before NNCF does so: that is after minutes of calibration.

    Args:
        model: the FP16 IR as OpenVINO has read it.

    Raises:
        SuiteError: with what it has in place of it.
    """
    unmatched = list(_unmatched(scope, [op for op in model.get_ops() if op.get_type_name() not in _NO_LAYERS]))
    if unmatched:
        raise refused_scope(" and ".join(unmatched))


def refused_scope(reason: object) -> SuiteError:
    """Return what to tell a person whose ignored scope is not taken."""
    return SuiteError(f"quantization.ignored_scope is not accepted: {reason}; correct suite.toml")


def _unmatched(scope: IgnoredScope, operations: list[Any]) -> Iterator[str]:
    names = [op.get_friendly_name() for op in operations]
    kinds = sorted({op.get_type_name() for op in operations})
    for name in scope.names:
        if name not in names:
            yield f"no operation of the FP16 IR is called '{name}', the nearest are {_near(name, names)}"
    for pattern in scope.patterns:
        if not any(re.match(pattern, name) for name in names):
            yield f"no operation matches the pattern '{pattern}', the nearest are {_near(pattern, names)}"
    for kind in scope.types:
        if kind not in kinds:
            yield f"no operation is of the type '{kind}', the nearest are {_near(kind, kinds)}"


def _near(value: str, known: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in nearest(value, known, _SHOWN))


def nncf_function(name: str, *, quantizer: str) -> Callable[..., Any]:
    """Return a function of the installed NNCF.

    Raises:
        SuiteError: it has none of that name, or there is no NNCF.
    """
    try:
        import nncf

        found: Callable[..., Any] = getattr(nncf, name)
    except (ImportError, AttributeError) as error:
        raise SuiteError(
            f"this toolchain has no quantizer '{quantizer}': NNCF is {version('nncf')}, and nncf.{name} is needed; "
            "choose another --quantizer, or install the NNCF that .ci/requirements.lock names"
        ) from error
    return found
