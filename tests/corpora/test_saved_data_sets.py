"""Parquet files whose audio is a path, and folders that `datasets` has written with save_to_disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict, Features, Value

from tests.support.corpus_forms import audio_files, saved
from tests.support.tiny import RATE, spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

FOUR = spoken(range(4))


def parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows to a parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def opened(path: Path, *, skip_bad: bool = False) -> Corpus:
    """Open a corpus by its path."""
    return open_corpus(CorpusSpec("c", path, skip_bad=skip_bad))


@pytest.mark.parametrize("struct", [True, False])
@pytest.mark.parametrize("where", ["next to the file", "in the folder of all", "absolute", "clips"])
def test_a_path_in_a_parquet_file_is_read(where: str, struct: bool, tmp_path: Path) -> None:
    """The audio has the digest of the stored bytes, and the utterances have the same ids."""
    below = {"in the folder of all": tmp_path, "clips": tmp_path / "data" / "clips"}.get(where, tmp_path / "data")
    names = audio_files(below, FOUR)
    if where == "absolute":
        names = [str(below / name) for name in names]
    cells = [{"bytes": None, "path": name} if struct else name for name in names]
    rows = [{"id": u.id, "audio": cell, "text": u.text} for u, cell in zip(FOUR, cells, strict=True)]
    parquet(tmp_path / "data" / "c.parquet", rows)
    expected = opened(write_corpus(tmp_path / "bytes.bin", FOUR)).fingerprint
    assert expected == opened(tmp_path if where == "in the folder of all" else tmp_path / "data").fingerprint


def test_bytes_win_over_the_path(tmp_path: Path) -> None:
    """A path that comes with bytes is only a name."""
    rows = [{"audio": {"bytes": u.audio, "path": "none.flac"}, "text": u.text} for u in FOUR]
    assert 4 == len(opened(parquet(tmp_path / "c.parquet", rows)))


@pytest.mark.parametrize("cell", [{"bytes": None, "path": "none.flac"}, {"bytes": None, "path": None}])
def test_a_row_without_audio_is_bad_by_name(cell: dict[str, Any], tmp_path: Path) -> None:
    """It is counted with skip_bad, as in a manifest."""
    rows: list[dict[str, Any]] = [
        {"audio": {"bytes": FOUR[0].audio, "path": "u0.flac"}, "text": "A"},
        {"audio": cell, "text": "B"},
    ]
    path = parquet(tmp_path / "c.parquet", rows)
    corpus = opened(path, skip_bad=True)
    assert (1, ["000001"]) == (len(corpus), [bad.utterance for bad in corpus.skipped])
    with pytest.raises(SuiteError, match=r"utterance '000001' .*--skip-bad"):
        opened(path)


@pytest.mark.parametrize("named", ["folder", "folder above", "state.json", "arrow file"])
def test_a_saved_data_set_is_recognized(named: str, tmp_path: Path) -> None:
    """Its utterances are those of the same rows in parquet."""
    folder = saved(tmp_path / "top" / "set", FOUR)
    paths = {"folder": folder, "folder above": folder.parent, "state.json": folder / "state.json"}
    corpus = opened(paths.get(named) or next(folder.glob("*.arrow")))
    texts = [u.text for u in corpus.utterances(RATE)]
    assert [u.text for u in FOUR][: len(texts)] == texts
    assert len(texts) == (2 if named == "arrow file" else 4)
    if named != "arrow file":
        assert opened(write_corpus(tmp_path / "c.parquet", FOUR)).fingerprint == corpus.fingerprint
        assert ["u1", "u3"] == [u.id for u in corpus.utterances(RATE, only={"u1", "u3"})]


def test_external_audio_of_a_saved_data_set_is_read(tmp_path: Path) -> None:
    """Rows with a path only are read from the folder of the data set."""
    folder = tmp_path / "set"
    rows = [{"audio": {"bytes": None, "path": name}, "text": "A"} for name in audio_files(folder, FOUR)]
    features = Features(audio={"bytes": Value("binary"), "path": Value("string")}, text=Value("string"))
    Dataset.from_list(rows, features=features).save_to_disk(str(folder))
    assert 4 == len(opened(folder))


def test_splits_of_a_saved_data_set_are_not_mixed(tmp_path: Path) -> None:
    """The user names the folder of one."""
    split = Dataset.from_list([{"audio": {"bytes": FOUR[0].audio, "path": ""}, "text": "A"}])
    DatasetDict(train=split, test=split).save_to_disk(str(tmp_path / "both"))
    with pytest.raises(SuiteError, match="several data sets of save_to_disk: 'test', 'train'"):
        opened(tmp_path / "both")
    assert 1 == len(opened(tmp_path / "both" / "test"))


@pytest.mark.parametrize("name", ["state.json", "dataset_info.json", "data-00000-of-00002.arrow"])
def test_a_damaged_saved_data_set_is_refused(name: str, tmp_path: Path) -> None:
    """The error is one line."""
    folder = saved(tmp_path / "set", FOUR)
    (folder / name).write_text("{")
    with pytest.raises(SuiteError, match="save it again") as caught:
        opened(folder)
    assert "\n" not in str(caught.value)
