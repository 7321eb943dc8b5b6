"""`--study sensitivity`: on a model with one damaged layer, that layer is ranked first and the scope names it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.once import once
from tests.support.suite_run import Run, Warm, run
from tests.support.tiny import Tiny
from wergate.config.loading import load_config
from wergate.networks.ir.conversion import MODEL_FILE
from wergate.progress import silent
from wergate.session.session import Session
from wergate.store import Store
from wergate.studies.sensitivity.study import LayerStudy, Sensitivity, sensitivity

DAMAGED = "__module.data2vec_audio.feature_extractor.conv_layers.2.conv/aten::_convolution/Convolution"
GATES = ["accuracy/test_sensitivity.py"]


@dataclass(frozen=True)
class Studied:
    """A candidate with a damaged layer, and a run of the suite on it.

    Attributes:
        before: what is ranked without the suite, in the same store.
        sqnr_db_min: a threshold that the candidate fails, and holds without the damaged layer.
    """

    cache: Path
    candidate: Path
    before: Sensitivity
    sqnr_db_min: float
    done: Run

    def run(self, tiny: Tiny, folder: Path, *options: str, **changes: str) -> Run:
        """Run the gates again, on what is in the store."""
        return _run(tiny, self.cache, self.candidate, folder, *options, sqnr_db_min=self.sqnr_db_min, **changes)


def _run(
    tiny: Tiny, cache: Path, candidate: Path, folder: Path, *options: str, sqnr_db_min: float, **changes: str
) -> Run:
    changes |= {"thresholds__int8__sqnr_db_min": str(sqnr_db_min), "sensitivity__wer_layers": "1"}
    suite = tiny.suite(folder / "mine.toml", **changes)
    given = ("--study", "sensitivity", "--suite", str(suite), "--cache-dir", str(cache), "--precisions", "none")
    return run(GATES, *given, "--candidate", str(candidate), *options, results=folder / "mine.json")


def damage(path: Path, name: str) -> None:
    """Round the 8-bit weights of a layer to multiples of 32: three bits are left."""
    import openvino as ov
    from openvino import opset13

    model = ov.Core().read_model(path)
    (layer,) = (op for op in model.get_ops() if op.get_friendly_name() == name)
    node = layer.input_value(1).get_node()
    while node.get_type_name() != "Constant":
        above, node = node, node.input_value(0).get_node()
    coarse = opset13.constant((np.round(node.data / 32) * 32).clip(-127, 127).astype(np.int8))
    above.input(0).replace_source_output(coarse.output(0))
    ov.save_model(model, path.with_name("damaged.xml"))
    path.unlink()
    path.with_suffix(".bin").unlink()


@pytest.fixture(scope="session")
def studied(tiny: Tiny, warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Studied:
    """One ranking, and one run of the gates with a threshold that only the damage breaks."""

    def make(folder: Path) -> Studied:
        cache = shutil.copytree(warm.cache, folder / "cache")
        shutil.copytree(warm.ir("int8"), folder / "candidate", ignore=shutil.ignore_patterns("*.json"))
        damage(folder / "candidate" / MODEL_FILE, DAMAGED)
        candidate = folder / "candidate" / "damaged.xml"
        config = load_config(tiny.suite(folder / "plain.toml"), {"candidates": [str(candidate)]})
        session = Session(config, embedded=folder, store=Store(cache))
        study = LayerStudy(session, session.variant(str(tiny.model), "damaged"))
        before = sensitivity(study, silent)
        cured = study.figures({DAMAGED}, study.search).logits.sqnr_db
        failing = study.figures((), study.search).logits.sqnr_db
        sqnr_db_min = (cured + failing) / 2
        done = _run(tiny, cache, candidate, folder, sqnr_db_min=sqnr_db_min)
        return Studied(cache, candidate, before, sqnr_db_min, done)

    return once(tmp_path_factory, "sensitivity", make)


def rows(done: Run, kind: str) -> list[dict[str, Any]]:
    """Return the rows of a run."""
    assert done.results is not None, done.output
    return list(done.results[kind])


def test_the_damaged_layer_is_ranked_first(studied: Studied) -> None:
    """It is the noisiest layer alone, and restoring it gains most."""
    first, *others = studied.before.layers
    assert DAMAGED == first.layer.name == first.layer.twin
    assert all(first.left_out.sqnr_db > cost.left_out.sqnr_db for cost in others)


def test_layers_are_put_back_as_they_were(studied: Studied) -> None:
    """With all of them in floating point it is the FP16 IR, SmoothQuant and corrected biases undone."""
    assert studied.before.restored.sqnr_db > 80
    assert studied.before.restored.sqnr_db > studied.before.quantized.sqnr_db + 30


def test_the_scope_names_the_damaged_layer(studied: Studied) -> None:
    """It holds on utterances outside of the search, and suite.toml accepts the fragment."""
    assert 0 == studied.done.code, studied.done.output
    (scope,) = rows(studied.done, "scopes")
    assert ([DAMAGED], ["sqnr_db"]) == (scope["names"], scope["fails"])
    assert (
        scope["judged"]["logits_after"]["sqnr_db"] >= studied.sqnr_db_min > scope["judged"]["logits_before"]["sqnr_db"]
    )
    (row,) = rows(studied.done, "sensitivities")
    assert set() == set(scope["judged"]["utterances"]) & set(row["search"])
    assert [True, *[False] * (len(row["layers"]) - 1)] == [layer["alone_errors"] is not None for layer in row["layers"]]
    for line in scope["toml"].splitlines():
        assert line in studied.done.output.splitlines()


def test_what_was_measured_is_not_measured_again(studied: Studied) -> None:
    """A run reuses figures of an earlier or interrupted run."""
    statuses = [row["status"] for row in rows(studied.done, "artifacts") if row["kind"] == "layer-figures"]
    assert statuses.count("found") >= 2 * len(studied.before.layers)
    assert statuses.count("built") <= 12


def test_a_scope_is_taken_up_from_suite_toml(studied: Studied, tiny: Tiny, tmp_path: Path) -> None:
    """Names that the ignored scope has already stay in what is printed."""
    known = {"quantization__ignored_scope__names": '["known"]'}
    (scope,) = rows(studied.run(tiny, tmp_path, **known), "scopes")
    assert '    "known",' == scope["toml"].splitlines()[2]


def test_a_ranking_of_what_cannot_be_put_back_fails(studied: Studied, tiny: Tiny, tmp_path: Path) -> None:
    """The gate fails if the layers in floating point differ from the FP16 IR."""
    done = studied.run(tiny, tmp_path, sensitivity__restored_sqnr_db_min="200.0")
    assert 10 == done.code, done.output
    (verdict,) = (row for row in rows(done, "verdicts") if row["status"] == "FAIL")
    assert "damaged restored_sqnr_db=" in verdict["line"]


def test_plots_are_written_where_they_are_asked_for(studied: Studied, tiny: Tiny, tmp_path: Path) -> None:
    """One PNG for each variant; without the option nothing is written."""
    pytest.importorskip("matplotlib", reason="the environment was made before matplotlib was in the lock")
    assert "plot: " not in studied.done.output
    done = studied.run(tiny, tmp_path, "--plots", str(tmp_path / "plots"))
    (path,) = (tmp_path / "plots").iterdir()
    assert f"plot: {path}" in done.text
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_variant_without_quantized_layers_is_skipped(studied: Studied, tiny: Tiny, tmp_path: Path) -> None:
    """FP16 has none; the reason is printed."""
    fp16 = tiny.session(tmp_path, studied.cache).models.ir(str(tiny.model), "fp16").folder
    done = studied.run(tiny, tmp_path, "--candidate", str(fp16 / MODEL_FILE), "-rs")
    assert f"{fp16.name} has no quantized layer" in done.output
