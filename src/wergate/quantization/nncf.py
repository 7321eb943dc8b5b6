"""FP16 IR to INT8 IR with NNCF's post-training quantization."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.corpora.corpus import Corpus
from wergate.environment.digest import source_digest
from wergate.environment.machine import version, versions
from wergate.errors import SuiteError, nearest
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE, save_ir
from wergate.networks.ir.file import ir_signature
from wergate.networks.ir.work import is_stored
from wergate.networks.signature import Feed, Signature
from wergate.progress import Progress
from wergate.quantization.attention import attention_sample, choose, quantize_attention_values
from wergate.quantization.observations import Sample
from wergate.quantization.single_pass import quantize_in_one_pass
from wergate.store import Artifact, Store

_HIDING = "/without_bias"
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
        store: the store.
        fp16: artifact of the FP16 IR.
        calibration: utterances that provide range statistics.
        settings: settings of quantization.
        progress: progress display.
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
    """Yield the network's inputs for each calibration utterance, in batches of one."""
    for utterance in calibration.utterances(frontend.sampling_rate):
        yield signature.feed(frontend.features(utterance.waveform.samples)[None])


def quantize(fp16_path: Path, inputs: list[Feed], settings: QuantizationSettings, path: Path) -> None:
    """Quantize an IR to INT8 and save it.

    Args:
        fp16_path: the `.xml` of the FP16 IR.
        inputs: the IR's inputs for each calibration utterance.
        settings: settings of quantization.
        path: the `.xml` file to write.

    Raises:
        SuiteError: a part of the ignored scope matches no operation.
    """
    import nncf
    import openvino as ov

    model = ov.Core().read_model(fp16_path)
    require_matches(settings.ignored_scope, model)
    hide_false_biases(model)
    try:
        quantized, sampled = quantize_in_one_pass(
            model,
            inputs,
            nncf_options(_ignoring_norm_convolutions(settings, model), len(inputs)),
            advanced_parameters(settings),
            Sample() if settings.attention_sqnr_db_min is None else attention_sample(model, inputs),
        )
    except nncf.ValidationError as error:
        raise refused_scope(error) from error
    show_biases(quantized)
    if settings.attention_sqnr_db_min is not None:
        choices = tuple(choose(model, sampled, seven_bits=settings.overflow_fix == "enable"))
        quantize_attention_values(quantized, choices, sqnr_db_min=settings.attention_sqnr_db_min)
    save_ir(quantized, path)


def hide_false_biases(model: Any) -> None:
    """Insert an operation without effect after each product that NNCF would correct along the wrong axis.

    `show_biases` removes it.

    Args:
        model: an `openvino.Model`, which is changed in place.
    """
    # NNCF 3.4 takes a constant that is added to a product for a bias. Where the weights are on the left, as mel filters
    # often are, it averages over frames instead of channels, and two utterances of different lengths end it.
    from openvino import opset13

    for op in model.get_ordered_ops():
        if op.get_type_name() != "MatMul" or not is_stored(op.input_value(0).get_node()):
            continue
        sums = [port for port in op.output(0).get_target_inputs() if port.get_node().get_type_name() == "Add"]
        same = opset13.convert(op.output(0), op.output(0).get_element_type().get_type_name())
        same.set_friendly_name(f"{op.get_friendly_name()}{_HIDING}")
        for port in sums:
            port.replace_source_output(same.output(0))


def show_biases(model: Any) -> None:
    """Remove the operations that `hide_false_biases` inserted.

    Args:
        model: the quantized `openvino.Model`, which is changed in place.
    """
    for op in model.get_ordered_ops():
        if op.get_friendly_name().endswith(_HIDING):
            for port in list(op.output(0).get_target_inputs()):
                port.replace_source_output(op.input_value(0))


def _ignoring_norm_convolutions(settings: QuantizationSettings, model: Any) -> QuantizationSettings:
    """Return the settings with the convolution before a masked group norm (padding.py) in the ignored scope."""
    # OpenVINO 2026.4.1 moves the scales of a quantized convolution incorrectly through that norm: the SQNR falls from
    # 24 dB to 0 dB. The convolution is the first one, on the waveform, and a small part of the work.
    norms = (_NORM.fullmatch(op.get_friendly_name()) for op in model.get_ops())
    names = [f"{norm['layer']}.conv/aten::_convolution/Convolution" for norm in norms if norm]
    scope = settings.ignored_scope
    extended = scope.model_copy(update={"names": [*scope.names, *names]})
    return settings.model_copy(update={"ignored_scope": extended})


def nncf_options(settings: QuantizationSettings, count: int) -> dict[str, Any]:
    """Return the options that all of NNCF's quantizers share, for `count` calibration utterances."""
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
    """Return NNCF's advanced parameters.

    The activation ranges are those of the tutorial: the minimum of minima and the mean of upper quantiles. The other
    parameters are the overflow fix, bias correction and SmoothQuant.
    """
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
    """Check that each part of an ignored scope matches an operation.

    NNCF makes the same check, but only after minutes of calibration.

    Args:
        scope: the ignored scope.
        model: the FP16 IR as an `openvino.Model`.

    Raises:
        SuiteError: a part matches nothing; the message has the nearest names.
    """
    unmatched = list(_unmatched(scope, [op for op in model.get_ops() if op.get_type_name() not in _NO_LAYERS]))
    if unmatched:
        raise refused_scope(" and ".join(unmatched))


def refused_scope(reason: object) -> SuiteError:
    """Return the error for an ignored scope that does not match the model."""
    return SuiteError(f"quantization.ignored_scope is not accepted: {reason}; correct suite.toml")


def _unmatched(scope: IgnoredScope, operations: list[Any]) -> Iterator[str]:
    names = [op.get_friendly_name() for op in operations]
    kinds = sorted({op.get_type_name() for op in operations})
    for name in scope.names:
        if name not in names:
            yield f"no operation of the FP16 IR has the name '{name}', the nearest are {_near(name, names)}"
    for pattern in scope.patterns:
        if not any(re.match(pattern, name) for name in names):
            yield f"no operation matches the pattern '{pattern}', the nearest are {_near(pattern, names)}"
    for kind in scope.types:
        if kind not in kinds:
            yield f"no operation has the type '{kind}', the nearest are {_near(kind, kinds)}"


def _near(value: str, known: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in nearest(value, known, _SHOWN))


def nncf_function(name: str, *, quantizer: str) -> Callable[..., Any]:
    """Return a function of the installed NNCF.

    Args:
        name: name of the function.
        quantizer: name of the quantizer in the message.

    Raises:
        SuiteError: NNCF is not installed or has no function of that name.
    """
    try:
        import nncf

        function: Callable[..., Any] = getattr(nncf, name)
    except (ImportError, AttributeError) as error:
        raise SuiteError(
            f"this toolchain has no quantizer '{quantizer}': NNCF is {version('nncf')}, and nncf.{name} is needed; "
            "choose another --quantizer, or install the NNCF that .ci/requirements.lock names"
        ) from error
    return function
