"""`--study quantizers` through the suite, and accuracy control as a quantizer."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import section
from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny
from wergate.config.loading import load_config
from wergate.config.quantization import IgnoredScope, QuantizationSettings
from wergate.errors import SuiteError
from wergate.quantization.int8_weights import compress_weights
from wergate.studies.quantizers.study import quantization_variants

GATES = ["accuracy/test_quantizers.py"]
QUICK = {
    "quantizer_study__timing_s": "0.2",
    "quantizer_study__timed_s": "0.3",
    "accuracy_control__validation_utterances": "2",
}


def _run(tiny: Tiny, warm: Warm, folder: Path, *options: str, **changes: str) -> Run:
    suite = tiny.suite(folder / "mine.toml", **QUICK | changes)
    given = ("--suite", str(suite), "--cache-dir", str(warm.cache), *options)
    return run(GATES, *given, results=folder / "mine.json")


def rows(done: Run, kind: str) -> list[dict[str, Any]]:
    """Return the rows of a run that went well."""
    assert 0 == done.code, done.output
    assert done.results is not None
    return list(done.results[kind])


def test_every_way_is_a_row_of_one_table(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """Each is a model of its own; only weight compression leaves activations in floating point."""
    found = rows(
        _run(tiny, own_warm, tmp_path, "--study", "quantizers", accuracy_control__max_drop="1.0"), "quantizers"
    )
    by_name = {row["name"]: row for row in found}
    assert {
        "performance (as configured)",
        "mixed",
        "without SmoothQuant",
        "without bias correction",
        "accuracy control",
        "int8-weights",
    } == by_name.keys()
    assert {"int8-weights"} == {name for name, row in by_name.items() if not row["fake_quantize"]}
    weights = by_name.pop("int8-weights")
    assert weights["int8_work"] == 0 < weights["int8_weights"]
    assert all(row["int8_work"] > 0.5 for row in by_name.values())
    changed = {row["key"] for name, row in by_name.items() if name != "accuracy control"}
    assert 4 == len(changed)
    noise = {round(row["logits"]["max_abs_delta"], 6) for name, row in by_name.items() if name != "accuracy control"}
    assert 4 == len(noise), "each setting must reach NNCF"


def test_accuracy_control_tells_what_it_took_back(tiny: Tiny, own_warm: Warm, tmp_path: Path) -> None:
    """It is tuned on calibration utterances; the reverted layers are printed as an ignored scope."""
    done = _run(tiny, own_warm, tmp_path, "--quantizer", "nncf-accuracy-control", accuracy_control__max_drop="1.0")
    (row,) = rows(done, "reverted")
    assert {"u10", "u11", "u12"} >= set(row["utterances"])
    assert (2, []) == (len(row["utterances"]), row["layers"])
    assert "accuracy control reverted 0 layers" in done.output
    assert ["tuned_wer_drop"] == [verdict["gate"] for verdict in rows(done, "verdicts")]


def test_a_quantizer_that_the_toolchain_lacks_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its name, the version that is installed, and what to do."""
    import nncf

    monkeypatch.delattr(nncf, "compress_weights")
    message = (
        r"this toolchain has no quantizer 'int8-weights': NNCF is \d.*, and nncf.compress_weights is needed; choose"
    )
    with pytest.raises(SuiteError, match=message):
        compress_weights(tmp_path / "fp16.xml", IgnoredScope(), tmp_path / "int8.xml")


def test_layers_that_were_taken_back_go_into_suite_toml(tiny: Tiny, tmp_path: Path) -> None:
    """The fragment is TOML under the model's own name, and is read back as the scope that it says."""
    from wergate.studies.sensitivity.scope import toml

    scope = IgnoredScope(names=["known"])
    config = tiny.config(tmp_path)
    settings = config.settings_of(str(tiny.model)).model_copy(
        update={"quantization": section(QuantizationSettings, ignored_scope=scope)}
    )
    fragment = toml(settings, ["a/b.0", 'c "d"'])
    read = tomllib.loads(fragment)["model"][str(tiny.model)]["quantization"]["ignored_scope"]
    assert {"names": ["known", "a/b.0", 'c "d"']} == read
    plain = tiny.suite(tmp_path / "plain.toml")
    suite = tmp_path / "with.toml"
    suite.write_text(plain.read_text() + fragment)
    again = load_config(suite, {}).settings_of(str(tiny.model)).quantization.ignored_scope.names
    assert ["known", "a/b.0", 'c "d"'] == again


def test_lines_for_suite_toml_hold_in_any_folder(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of the command line has its path from the root; thresholds that the scope needs say what they replace."""
    from wergate.studies.sensitivity.scope import toml

    monkeypatch.chdir(tiny.model.parent)
    name = tiny.model.name
    settings = load_config(tiny.suite(tmp_path / "plain.toml"), {"models": [name]}).settings_of(name)
    fragment = toml(settings, ["a"], {"int8_work_min": 0.71})
    assert "int8_work_min = 0.71  # 0.8 without the scope" in fragment.splitlines()
    suite = tmp_path / "with.toml"
    suite.write_text((tmp_path / "plain.toml").read_text() + fragment)
    monkeypatch.chdir(tmp_path)
    again = load_config(suite, {"models": [name]}).settings_of(name)
    assert (str(tiny.model), ["a"]) == (again.spec, again.quantization.ignored_scope.names)
    assert (0.71, settings.thresholds.int8.wer_drop_max) == (
        again.thresholds.int8.int8_work_min,
        again.thresholds.int8.wer_drop_max,
    )


@pytest.mark.parametrize(("smooth_quant", "names"), [(True, 6), (False, 7)])
def test_what_is_configured_is_told_once(smooth_quant: bool, names: int, tiny: Tiny, tmp_path: Path) -> None:
    """If the configured settings equal a variant, one row has both names; otherwise they have a separate row."""
    value = str(smooth_quant).lower()
    config = tiny.config(tmp_path, quantization__smooth_quant=value, quantization__preset='"mixed"')
    found = [each.name for each in quantization_variants(config.settings_of(str(tiny.model)))]
    assert ("mixed (as configured)" if smooth_quant else "as configured") == found[0]
    assert names == len(found)
