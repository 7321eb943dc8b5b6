"""Paths in a suite file start at the folder of the file, wherever the run starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpus_forms import manifest
from tests.support.shipped import SUITE
from tests.support.tiny import spoken
from wergate.config.loading import load_config
from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import open_corpus
from wergate.errors import SuiteError
from wergate.session.matrix import corpus_specs


def suite(folder: Path, text: str, name: str = "s.toml") -> Path:
    """Write a suite file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def loaded(path: Path, **overrides: object) -> SuiteConfig:
    """Load a suite file over the repository's."""
    return load_config(path, overrides, base=SUITE)


def test_a_byte_order_mark_is_dropped(tmp_path: Path) -> None:
    """Editors of Windows write one, as they do in manifests."""
    assert 11 == loaded(suite(tmp_path, "\ufeffmin_words = 11\r\n")).min_words


@pytest.mark.parametrize("start", ["", "./", "../suite/", "~/suite/"])
@pytest.mark.parametrize(
    "text",
    [
        'corpora = ["mine"]\n[corpus.mine]\nspec = "{start}rec/m.json"\n',
        'corpora = ["{start}rec/m.json"]\n',
        '[model.embedded]\ncorpora = ["{start}rec/m.json"]\n',
        'corpora = ["{start}rec/m.json"]\n[corpus."{start}rec/m.json"]\nlimit = 3\n',
        'corpora = ["embedded"]\ncalibration = "{start}rec/m.json"\n',
    ],
)
def test_a_corpus_is_found_from_any_working_folder(
    text: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working folder holds a corpus of the same name, which is not read."""
    manifest(tmp_path / "suite" / "rec", spoken(range(4))).rename(tmp_path / "suite" / "rec" / "m.json")
    manifest(tmp_path / "elsewhere" / "rec", spoken([9])).rename(tmp_path / "elsewhere" / "rec" / "m.json")
    path = suite(tmp_path / "suite", text.replace("{start}", start))
    monkeypatch.setenv("HOME", str(tmp_path))
    counts = set()
    for folder in (tmp_path / "elsewhere", tmp_path / "suite", tmp_path):
        monkeypatch.chdir(folder)
        config = loaded(path.relative_to(folder) if path.is_relative_to(folder) else path)
        settings = config.settings_of("embedded")
        (spec,) = corpus_specs(config, settings.calibration or settings.corpora[0], Path("unused"))
        counts.add(len(open_corpus(spec)))
    assert counts <= {3, 4}
    assert 1 == len(counts)


@pytest.mark.parametrize("name", ["models/ckpt", "./models/ckpt", "net.onnx", "~/suite/net.onnx"])
def test_a_model_keeps_its_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name in tables and test ids is the one in the file, and its spec is a path from the root."""
    (tmp_path / "suite" / "models" / "ckpt").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    config = loaded(suite(tmp_path / "suite", f'models = ["{name}"]\n'))
    assert [name] == config.models
    expected = tmp_path / "suite" / name.removeprefix("~/suite/")
    assert expected == Path(config.settings_of(name).spec)


def test_files_of_a_model_start_at_the_suite_file(tmp_path: Path) -> None:
    """Labels, candidates, the store and the baselines do too."""
    text = (
        'models = ["m"]\ncache_dir = "cache"\nbaselines = "../b"\nlegacy_python = "bin/python"\n'
        '[model.m]\nspec = "m.onnx"\nlabels = "labels.txt"\ncandidates = ["ir/a.xml", "/abs/b.xml"]\n'
    )
    config = loaded(suite(tmp_path, text))
    model = config.settings_of("m")
    found = (config.cache_dir, config.baselines, config.legacy_python, model.spec, model.labels, *model.candidates)
    names = ("cache", "../b", "bin/python", "m.onnx", "labels.txt", "ir/a.xml", "/abs/b.xml")
    assert [str(tmp_path / name) for name in names] == list(found)


def test_names_and_ids_of_the_hub_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of a table is not a path, even if a file of that name exists."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    config = loaded(
        suite(
            tmp_path,
            'models = ["ORG/model@refs/pr/1", "random:data2vec-audio-base"]\ncorpora = ["mine", "org/set:clean:test"]\n'
            '[corpus.mine]\nspec = "org/other"\n',
        )
    )
    assert ["ORG/model@refs/pr/1", "random:data2vec-audio-base"] == [config.settings_of(m).spec for m in config.models]
    assert ["org/other", "org/set:clean:test"] == [config.corpus_of(name).spec for name in config.corpora]


def test_a_path_from_the_working_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file from another folder would be another suite; the error names the path to write."""
    (tmp_path / "rec" / "calls").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    path = suite(tmp_path / "suite", 'corpora = ["rec/calls"]\n')
    with pytest.raises(SuiteError, match=rf"in the working folder but not in the folder of the file.*{tmp_path}/rec"):
        loaded(path)


def test_the_command_line_starts_at_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `~` is expanded there."""
    monkeypatch.setenv("HOME", "/home/me")
    config = loaded(suite(tmp_path, ""), models=["~/m.onnx"], corpora=["rec"], candidates=["~/a.xml"])
    assert (["/home/me/m.onnx"], ["rec"]) == (config.models, config.corpora)
    assert ["/home/me/a.xml"] == config.settings_of("/home/me/m.onnx").candidates
