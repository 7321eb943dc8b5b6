"""Keys of artifacts: they depend on everything that an artifact is built from, and on nothing else."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest

from tests.support.suite_run import ROOT, Warm
from tests.support.tiny import RATE, Tiny, save_model, spoken, write_corpus
from wergate.corpora.corpus import open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.corpora.waveforms import Probe
from wergate.environment import digest, machine
from wergate.evaluation.journal import runs
from wergate.evaluation.reference_run import reference_logits, reference_run
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.store import Artifact, Store, content_key


class Keys(Store):
    """A store that returns the key of each requested artifact and builds nothing."""

    def get(self, kind: str, parts: Mapping[str, Any], build: Callable[[Path], None]) -> Artifact:  # noqa: ARG002
        return Artifact(kind, content_key(parts), self.root, built=False, seconds=0.0, build_seconds=0.0)


def keys(tiny: Tiny, folder: Path, **changes: str) -> dict[str, str]:
    """Return the key of each artifact of the tiny inputs."""
    store = Keys(folder)
    session = Session(tiny.config(folder, **changes), embedded=folder, store=store)
    checkpoint = session.models.reference(str(tiny.model))
    corpus = open_corpus(CorpusSpec("evaluation", tiny.corpus), session.config.limit)
    recognizer: Any = SimpleNamespace(frontend=checkpoint.frontend())
    unused: Any = None
    return {
        "fp16": session.models.ir(str(tiny.model), "fp16").key,
        "int8": session.models.ir(str(tiny.model), "int8").key,
        "reference": "".join(artifact.key for artifact in reference_run(store, checkpoint, corpus, recognizer, unused)),
    }


@pytest.fixture
def tiny_copy(tiny: Tiny, tmp_path: Path) -> Tiny:
    """A copy of the checkpoint and corpora, which a test may change."""
    model = shutil.copytree(tiny.model, tmp_path / "model")
    return Tiny(
        model,
        shutil.copy(tiny.corpus, tmp_path / "evaluation.parquet"),
        shutil.copy(tiny.calibration, tmp_path / "calibration.parquet"),
    )


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return the artifacts whose keys differ."""
    return {name for name in before if before[name] != after[name]}


ALL = {"fp16", "int8", "reference"}


def _edit_json(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"a_new_key": 1}))


@dataclass(frozen=True)
class FileChange:
    """A change to the input files, and the artifacts that depend on it."""

    id: str
    do: Callable[[Tiny], object]
    affects: frozenset[str]


FILE_CHANGES = (
    FileChange("weights", lambda t: save_model(t.model, seed=8), frozenset(ALL)),
    FileChange("configuration", lambda t: _edit_json(t.model / "config.json"), frozenset(ALL)),
    FileChange("processor", lambda t: _edit_json(t.model / "tokenizer_config.json"), frozenset(ALL)),
    FileChange("calibration", lambda t: write_corpus(t.calibration, spoken([20, 21, 22])), frozenset({"int8"})),
    FileChange("evaluation", lambda t: write_corpus(t.corpus, spoken([1, 2, 5])), frozenset({"reference"})),
    FileChange("an unrelated file in the folder", lambda t: (t.model / "NOTES.md").write_text("x"), frozenset()),
)


@pytest.mark.parametrize("change", FILE_CHANGES, ids=lambda change: change.id)
def test_files(change: FileChange, tiny_copy: Tiny, tmp_path: Path) -> None:
    """A changed file changes the keys of exactly those artifacts that depend on it."""
    before = keys(tiny_copy, tmp_path)
    change.do(tiny_copy)
    assert set(change.affects) == changed(before, keys(tiny_copy, tmp_path))


def test_keys_do_not_depend_on_paths(tiny: Tiny, tiny_copy: Tiny, tmp_path: Path) -> None:
    """The same content in another folder has the same keys."""
    assert keys(tiny, tmp_path) == keys(tiny_copy, tmp_path)


@dataclass(frozen=True)
class Setting:
    """A line of suite.toml, and the artifacts that depend on it."""

    key: str
    value: str
    affects: frozenset[str] = frozenset()


SETTINGS = (
    Setting("quantization__preset", '"mixed"', frozenset({"int8"})),
    Setting("quantization__subset_size", "2", frozenset({"int8"})),
    Setting("quantization__overflow_fix", '"disable"', frozenset({"int8"})),
    Setting("quantization__max_aggregator", '"median"', frozenset({"int8"})),
    Setting("quantization__max_quantile_outlier_prob", "0.01", frozenset({"int8"})),
    Setting("quantization__smooth_quant", "false", frozenset({"int8"})),
    Setting("quantization__bias_correction", "false", frozenset({"int8"})),
    Setting("quantization__attention_sqnr_db_min", "25.0", frozenset({"int8"})),
    Setting("quantization__ignored_scope__types", '["Softmax"]', frozenset({"int8"})),
    Setting("limit", "2", frozenset({"reference"})),
    Setting("thresholds__int8__wer_drop_max", "0.5"),
    Setting("normalizer", '"none"'),
    Setting("inference_precision", '"bf16"'),
    Setting("precisions", '["int8"]'),
    Setting("quantization__subset_size", "300"),
)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"{setting.key}={setting.value}")
def test_settings(setting: Setting, tiny: Tiny, tmp_path: Path) -> None:
    """Quantization settings change the key of the INT8 IR alone, and thresholds change none."""
    assert set(setting.affects) == changed(keys(tiny, tmp_path), keys(tiny, tmp_path, **{setting.key: setting.value}))


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A function that changes the reported version of a package."""
    installed = machine.metadata.version

    def pretend(package: str) -> None:
        monkeypatch.setattr(machine.metadata, "version", lambda name: "99.0" if name == package else installed(name))
        machine.version.cache_clear()

    yield pretend
    monkeypatch.undo()
    machine.version.cache_clear()


@pytest.mark.parametrize(
    ("package", "affects"),
    [
        ("openvino", {"fp16", "int8"}),
        ("torch", ALL),
        ("transformers", ALL),
        ("nncf", {"int8"}),
        ("soxr", {"reference"}),
        ("pytest", set()),
    ],
)
def test_versions(package: str, affects: set[str], tiny: Tiny, tmp_path: Path, upgrade: Callable[[str], None]) -> None:
    """Another version of a package changes the keys of the artifacts that it builds."""
    before = keys(tiny, tmp_path)
    upgrade(package)
    assert affects == changed(before, keys(tiny, tmp_path))


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of wergate's source code, which the digests use and a test may edit."""
    copy = shutil.copytree(ROOT / "src" / "wergate", tmp_path / "wergate", ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(digest, "_ROOT", copy)
    digest.source_digest.cache_clear()
    yield copy
    monkeypatch.undo()
    digest.source_digest.cache_clear()


def edit(path: Path, old: str, new: str) -> None:
    """Replace all occurrences of a text in a file, at least one."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    digest.source_digest.cache_clear()


@pytest.mark.parametrize(
    ("module", "affects"),
    [
        ("networks/ir/conversion", ALL),
        ("models/checkpoint", ALL),
        ("models/processor", ALL),
        ("quantization/nncf", {"int8"}),
        ("networks/signature", {"int8"}),
        ("evaluation/reference_run", {"reference"}),
        ("corpora/audio", ALL),
        ("networks/ctc", ALL),
        ("evaluation/wer", set()),
        ("gates/accuracy", set()),
    ],
)
def test_source_code(module: str, affects: set[str], tiny: Tiny, tmp_path: Path, sources: Path) -> None:
    """A changed module changes the keys of exactly those artifacts that it takes part in building."""
    before = keys(tiny, tmp_path)
    edit(sources / f"{module}.py", "from __future__ import annotations", "_CHANGED = 1")
    assert affects == changed(before, keys(tiny, tmp_path))


@dataclass(frozen=True)
class Rewording:
    """An edit that cannot change any result."""

    id: str
    module: str
    old: str
    new: str


REWORDINGS = (
    Rewording("docstring of a module", "networks/ctc.py", '"""Greedy CTC decodi', '"""Reworded. '),
    Rewording("docstring of a function", "corpora/audio.py", '    """Return', '    """Give back'),
    Rewording("comment", "networks/ctc.py", "\nimport", "\n# a comment\nimport"),
    Rewording("wording of an error", "networks/frontend.py", "give a longer recording", "record more"),
    Rewording("formatting", "networks/ctc.py", "\n\n\ndef", "\n\n\n\n\ndef"),
)


@pytest.mark.parametrize("rewording", REWORDINGS, ids=lambda rewording: rewording.id)
def test_rewording_keeps_every_key(rewording: Rewording, tiny: Tiny, tmp_path: Path, sources: Path) -> None:
    """Docstrings, comments, error messages and formatting do not change keys."""
    before = keys(tiny, tmp_path)
    edit(sources / rewording.module, rewording.old, rewording.new)
    assert before == keys(tiny, tmp_path)


def test_a_moved_file_keeps_every_key(tiny: Tiny, tmp_path: Path, sources: Path) -> None:
    """The path of a module is not part of a key."""
    before = keys(tiny, tmp_path)
    (sources / "decoding").mkdir()
    (sources / "decoding" / "__init__.py").write_text("")
    (sources / "networks/ctc.py").rename(sources / "decoding" / "greedy.py")
    old, new = "from wergate.networks.ctc import", "from wergate.decoding.greedy import"
    for path in sources.rglob("*.py"):
        path.write_text(path.read_text().replace(old, new))
    digest.source_digest.cache_clear()
    assert before == keys(tiny, tmp_path)


def test_another_origin_of_a_name_is_another_key(tiny: Tiny, tmp_path: Path, sources: Path) -> None:
    """If two modules have a function of one name, the key depends on the one that is imported."""
    (sources / "twin.py").write_text((sources / "networks/ctc.py").read_text())
    edit(
        sources / "evaluation/reference_run.py",
        "from wergate.networks.ctc",
        "from wergate import twin\nfrom wergate.networks.ctc",
    )
    before = keys(tiny, tmp_path)
    edit(sources / "twin.py", "from __future__ import annotations", "_CHANGED = 1")
    assert {"reference"} == changed(before, keys(tiny, tmp_path))
    edit(sources / "evaluation/reference_run.py", "from wergate.networks.ctc import", "from wergate.twin import")
    assert {"reference"} == changed(before, keys(tiny, tmp_path))


def _modules_run_by(work: Callable[[], object]) -> set[Path]:
    """Return the paths of the wergate modules whose functions run during `work`, relative to the package."""
    root = ROOT / "src" / "wergate"
    seen: set[str] = set()

    def watch(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            seen.add(frame.f_code.co_filename)

    threading.setprofile(watch)
    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return {path.relative_to(root) for path in map(Path, seen) if root in path.parents}


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_the_key_of_a_transcript_covers_all_modules_it_runs_through(
    precision: str, tiny: Tiny, warm: Warm, tmp_path: Path, sources: Path
) -> None:
    """A change in any module between audio and words makes stored transcripts invalid."""
    store = Store(shutil.copytree(warm.cache, tmp_path / "cache"))
    for kind in ("reference-run", "compiled-model", "stream-probe"):
        shutil.rmtree(store.root / kind)
    model, config = str(tiny.model), tiny.config(tmp_path)
    built = Session(config, embedded=tmp_path, store=store)
    built.models.ir(model, precision)
    fresh = Session(config, embedded=tmp_path, store=store)
    ran = _modules_run_by(lambda: fresh.evaluations.evaluation(Cell(model, fresh.corpora.first(model), precision)))
    assert {Path("networks/ctc.py"), Path("corpora/audio.py"), Path("recognizers/bucketed.py")} <= ran

    def candidate_key() -> str:
        return fresh.evaluations.runs(fresh.variant(model, precision))[1].key

    before = candidate_key()
    for module in sorted(ran):
        original = (sources / module).read_text()
        edit(sources / module, "from __future__ import annotations", "_CHANGED = 1")
        assert before != candidate_key(), f"transcripts from before an edit of {module} would be reused"
        (sources / module).write_text(original)
        digest.source_digest.cache_clear()
    assert before == candidate_key()


def test_an_edited_alphabet_is_another_run(tiny: Tiny, tmp_path: Path) -> None:
    """The alphabet decides the words, so it is part of the key along with the IR."""
    model = Session(tiny.config(tmp_path), embedded=tmp_path, store=Keys(tmp_path)).models.reference(str(tiny.model))
    frontend = model.frontend()
    labels = list(frontend.alphabet.labels)
    labels[4], labels[5] = labels[5], labels[4]
    swapped = replace(frontend, alphabet=replace(frontend.alphabet, labels=tuple(labels)))
    own, other = (runs(model, each, "int8", ir="ir", source="", settings={})[1].key for each in (frontend, swapped))
    assert own != other


def test_an_unknown_module_is_refused() -> None:
    """A misspelt name must not silently leave code out of a key."""
    with pytest.raises(ValueError, match=r"'wergate\.recognisers'"):
        digest.source_digest("wergate.recognisers")


def test_every_probe_has_its_own_key(tiny: Tiny, tmp_path: Path) -> None:
    """Probes of another length, batch or signal have other reference logits."""
    checkpoint = Session(tiny.config(tmp_path), embedded=tmp_path, store=Keys(tmp_path)).models.reference(
        str(tiny.model)
    )
    probe = Probe(4000)
    probes = (probe, replace(probe, samples=4001), replace(probe, batch=2), replace(probe, signal="dc"))
    recognizer: Any = SimpleNamespace(frontend=checkpoint.frontend())
    waveforms = [each.waveforms(RATE) for each in probes]
    assert 4 == len({reference_logits(Keys(tmp_path), checkpoint, recognizer, each).key for each in waveforms})


def test_the_keys_are_those_of_a_real_run(tiny: Tiny, warm: Warm, tmp_path: Path) -> None:
    """The keys that these tests compare are those that the suite uses."""
    compared = keys(tiny, tmp_path)
    real = {row["key"] for row in warm.cold.results["artifacts"]}
    assert set(compared.values()) <= real
