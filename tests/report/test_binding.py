"""`wergate verify results.json`: a changed byte in the inputs, IRs or code of a run is named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.suite_run import Warm
from wergate.cli.main import main
from wergate.report.results import Results, results_text
from wergate.store import MANIFEST, file_digest


@dataclass(frozen=True)
class Made:
    """A run's results, its cache, and copies of its inputs that a test may change."""

    folder: Path
    cache: Path
    results: dict[str, Any]

    @property
    def file(self) -> Path:
        """The results file."""
        path = self.folder / "results.json"
        path.write_text(results_text(Results.model_validate(self.results)), encoding="utf-8")
        return path

    def ir(self, name: str) -> Path:
        """Return a file of the INT8 IR."""
        (key,) = {row["key"] for row in self.results["artifacts"] if row["kind"] == "int8-ir"}
        return self.cache / "int8-ir" / key[:32] / name

    @property
    def model(self) -> Path:
        """The folder of the checkpoint."""
        return Path(self.results["options"]["models"][0])

    @property
    def corpus(self) -> Path:
        """The file of the corpus."""
        return Path(self.results["options"]["corpora"][0])

    @property
    def suite(self) -> Path:
        """The suite file."""
        return Path(self.results["sources"][0]["path"])


@pytest.fixture
def made(warm: Warm, tmp_path: Path) -> Made:
    """The results of a complete run, on copies of its cache, model, corpora and suite file."""
    text = json.dumps(warm.cold.results)
    options = warm.cold.results["options"]
    for path in {*options["models"], *options["corpora"], options["calibration"], str(warm.suite)}:
        copy = tmp_path / Path(path).name
        shutil.copytree(path, copy) if Path(path).is_dir() else shutil.copyfile(path, copy)
        text = text.replace(json.dumps(path), json.dumps(str(copy)))
    return Made(tmp_path, shutil.copytree(warm.cache, tmp_path / "cache"), json.loads(text))


def verified(made: Made, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """Return the exit code of the command and its lines."""
    code = main(["verify", str(made.file), "--cache-dir", str(made.cache)])
    return code, capsys.readouterr().out.splitlines()


def test_a_run_whose_parts_are_all_there_is_verified(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, with the verdict of the gates."""
    code, lines = verified(made, capsys)
    assert (0, 1) == (code, len(lines)), lines
    assert lines[0].startswith(f"OK '{made.file}': gates PASS, ")


def flip(path: Path) -> None:
    """Change a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def forge(made: Made) -> None:
    """Change the IR, and make its manifest fit."""
    flip(made.ir("model.bin"))
    path = made.ir(MANIFEST)
    manifest = json.loads(path.read_text())
    manifest["files"]["model.bin"]["sha256"] = file_digest(made.ir("model.bin"))
    path.write_text(json.dumps(manifest))


def other_code(made: Made) -> None:
    """State the digest of other code."""
    for row in made.results["sources"]:
        if row["kind"] == "library":
            row["sha256"] = "0" * 64


def other_sample(made: Made) -> None:
    """Replace the corpus by its first utterances."""
    import pyarrow.parquet as pq

    rows = pq.read_table(made.corpus)
    pq.write_table(rows.slice(0, rows.num_rows - 1), made.corpus)


@dataclass(frozen=True)
class Change:
    """A change, and the lines that name it."""

    id: str
    do: Callable[[Made], object]
    lines: tuple[str, ...]


CHANGES = (
    Change("byte of the IR", lambda m: flip(m.ir("model.bin")), ("artifact int8-ir/", "match its checksum")),
    Change("byte of the graph", lambda m: flip(m.ir("model.xml")), ("artifact int8-ir/", "match its checksum")),
    Change("forged IR", forge, ("artifact int8-ir/", "has changed")),
    Change("missing IR", lambda m: shutil.rmtree(m.ir(".")), ("artifact int8-ir/", "manifest is missing")),
    Change("byte of the weights", lambda m: flip(m.model / "model.safetensors"), ("model '", "has changed")),
    Change("missing model", lambda m: shutil.rmtree(m.model), ("model '", "cannot be looked up")),
    Change("utterance", other_sample, ("corpus '", "has changed")),
    Change("missing corpus", lambda m: m.corpus.unlink(), ("corpus '", "cannot be looked up")),
    Change("suite file", lambda m: m.suite.write_text(m.suite.read_text() + "\n"), ("suite file '", "has changed")),
    Change("missing suite file", lambda m: m.suite.unlink(), ("suite file '", "cannot be looked up")),
    Change("code", other_code, ("code of the library", "has changed")),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.id)
def test_a_change_is_named(change: Change, made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the part, and the exit code is 1."""
    change.do(made)
    code, lines = verified(made, capsys)
    assert 1 == code
    naming = [line for line in lines if all(text in line for text in change.lines)]
    assert naming, lines
    assert all(line.startswith("DIFFERS ") for line in lines)


def test_an_edited_results_file_is_named(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """Its digest is that of other content."""
    path = made.file
    path.write_text(path.read_text().replace('"utterances": 4', '"utterances": 5'))
    assert 1 == main(["verify", str(path), "--cache-dir", str(made.cache)])
    assert "does not match the digest of its content" in capsys.readouterr().out


def test_a_path_that_does_not_exist_is_a_mistake(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """A similar name is suggested."""
    made.file.touch()
    assert 4 == main(["verify", str(made.folder / "result.json")])
    assert "did you mean 'results.json'" in capsys.readouterr().err
