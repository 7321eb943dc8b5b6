"""Rows of a corpus: each one becomes an utterance or is skipped and counted; none is lost."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpus_forms import audio_files, json_lines, saved
from tests.support.tiny import RATE, spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

UTTERANCES = spoken(range(6))
TEXTS = ("one", '"Stop, he said', "three", 'no" twice', '"five"', 'a 5" pipe')


def opened(path: Path, *, skip_bad: bool = False) -> Corpus:
    """Open a corpus by its path."""
    return open_corpus(CorpusSpec("c", path, skip_bad=skip_bad))


def texts(corpus: Corpus) -> list[str]:
    """Return the transcripts."""
    return [utterance.text for utterance in corpus.utterances(RATE)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_tsv_is_read_without_quoting(end: str, tmp_path: Path) -> None:
    """Common Voice writes quotation marks as they are, so a mark joins no rows."""
    paths = audio_files(tmp_path, spoken(range(6)), "clips/")
    lines = ["path\tsentence", *(f"{path}\t{text}" for path, text in zip(paths, TEXTS, strict=True))]
    (tmp_path / "validated.tsv").write_text(end.join(lines), newline="")
    assert list(TEXTS) == texts(opened(tmp_path / "validated.tsv"))


def test_a_csv_with_quotation_marks_is_read(tmp_path: Path) -> None:
    """Marks that are written twice, commas and line breaks within quotes belong to the field."""
    wanted = ["one", 'say "stop, now"', "two\nlines, of a poem", 'a 5" pipe', '"']
    paths = audio_files(tmp_path, spoken(range(5)))
    with (tmp_path / "m.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "sentence"), *zip(paths, wanted, strict=True)])
    assert wanted == texts(opened(tmp_path / "m.csv"))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param('"Stop, he said', "three", id="never closed"),
        pytest.param('"Stop, he said', 'no" twice', id="closed within a word"),
        pytest.param('"Stop', 'he said"', id="closed at the end of a line"),
        pytest.param('"Stop" he said', "three", id="text after a quoted part"),
    ],
)
def test_a_csv_whose_quotation_mark_joins_rows_is_refused(first: str, last: str, tmp_path: Path) -> None:
    """A mark that was not meant as a quote would hide the rows up to the next one."""
    paths = audio_files(tmp_path, spoken(range(3)))
    rows = zip(paths, (first, "two", last), strict=True)
    (tmp_path / "m.csv").write_text("path,sentence\n" + "".join(f"{path},{text}\n" for path, text in rows))
    with pytest.raises(SuiteError, match=r"m\.csv.*save it as TSV") as caught:
        opened(tmp_path / "m.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "header", "hint"),
    [
        ("m.csv", "file_name;text", "did you mean ';'"),
        ("m.csv", "file_name\ttext", r"did you mean '\\t'"),
        ("m.tsv", "file_name,text", "did you mean ','"),
    ],
)
def test_another_delimiter_is_named(name: str, header: str, hint: str, tmp_path: Path) -> None:
    """Spreadsheets of some languages write semicolons."""
    (tmp_path / name).write_text(f"{header}\n")
    with pytest.raises(SuiteError, match=hint):
        opened(tmp_path / name)


HALF = "go \ud83d there"


@pytest.mark.parametrize("column", ["text", "audio_filepath", "id", "speaker"])
def test_half_of_a_character_is_a_bad_utterance(column: str, tmp_path: Path) -> None:
    """JSON can spell half of an emoji; the error names the line, and can be printed."""
    names = audio_files(tmp_path, spoken(range(3)))
    rows = [{"audio_filepath": name, "text": "A", "id": name, "speaker": "s"} for name in names]
    rows[1][column] = HALF
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    corpus = opened(path, skip_bad=True)
    assert ({"text that is not Unicode": 1}, 2) == (corpus.skipped_by_reason, len(corpus))
    assert "m.jsonl, line 2" in corpus.skipped[0].message
    json.dumps([corpus.skipped[0].message, corpus.skipped_note], ensure_ascii=False).encode()
    with pytest.raises(
        SuiteError, match=r"in m\.jsonl, line 2 is not Unicode text: .*'\\ud83d'; .*--skip-bad"
    ) as caught:
        opened(path)
    str(caught.value).encode()


def test_a_whole_emoji_is_text(tmp_path: Path) -> None:
    """Both halves make one character."""
    (name,) = audio_files(tmp_path, spoken([1]))
    (tmp_path / "m.jsonl").write_text(json.dumps({"audio_filepath": name, "text": "go \U0001f600"}))
    assert ["go \U0001f600"] == texts(opened(tmp_path / "m.jsonl"))


def test_bytes_that_are_no_utf_8_are_a_bad_utterance(tmp_path: Path) -> None:
    """Arrow stores any bytes as a string; the other rows of the batch are read."""
    utterances = spoken(range(3))
    strings = pa.array([b"A", b"\xff", b"C"], pa.binary()).view(pa.string())
    audio = pa.array([{"bytes": u.audio, "path": None} for u in utterances])
    pq.write_table(pa.table({"audio": audio, "text": strings}), tmp_path / "c.parquet")
    corpus = opened(tmp_path / "c.parquet", skip_bad=True)
    assert (["A", "C"], {"text that is not Unicode": 1}) == (texts(corpus), corpus.skipped_by_reason)
    with pytest.raises(SuiteError, match="the text in row 1 is not Unicode text"):
        opened(tmp_path / "c.parquet")


def test_a_line_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    """The error names the line."""
    (tmp_path / "m.jsonl").write_text("[" * 100_000)
    with pytest.raises(SuiteError, match="line 1 is not JSON"):
        opened(tmp_path / "m.jsonl")


def test_an_object_without_an_id_is_named_by_its_path(tmp_path: Path) -> None:
    """Objects of JSON may differ in their keys; an empty id is still a mistake."""
    names = audio_files(tmp_path, spoken(range(2)))
    rows = [{"audio_filepath": names[0], "text": "A"}, {"audio_filepath": names[1], "text": "B", "id": "b"}]
    path = tmp_path / "m.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    assert (names[0], "b") == opened(path).ids
    path.write_text("\n".join(json.dumps({"id": ""} | row) for row in rows))
    with pytest.raises(SuiteError, match="row 0 has no id in column 'id'"):
        opened(path)


BAD_TEXTS = ("A", "", "B", '"C', " ", 'D"')


def _tree(folder: Path) -> Path:
    """Write a LibriSpeech tree with two empty transcripts and an audio file that is missing."""
    audio_files(folder, UTTERANCES[:5])
    lines = (f"{u.id}\t{text}\n" for u, text in zip(UTTERANCES, BAD_TEXTS, strict=True))
    (folder / "a.trans.txt").write_text("\n".join(lines))
    return folder


def _table(name: str) -> Callable[[Path], Path]:
    """Return a function that writes a manifest with the same faults."""

    def write(folder: Path) -> Path:
        rows = list(zip([*audio_files(folder, UTTERANCES[:5]), "none.flac"], BAD_TEXTS, strict=True))
        path = folder / name
        if name.endswith(".jsonl"):
            return json_lines(path, [{"file_name": audio, "text": text} for audio, text in rows])
        if name.endswith(".tsv"):
            path.write_text("".join(f"{audio}\t{text}\n" for audio, text in [("path", "text"), *rows]))
            return path
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("file_name", "text"), *rows])
        return path

    return write


def _metadata(name: str) -> Callable[[Path], Path]:
    return lambda folder: _table(name)(folder).parent


def _parquet(folder: Path) -> Path:
    utterances = [u.but(text=text) for u, text in zip(UTTERANCES, BAD_TEXTS, strict=True)]
    return write_corpus(folder / "c.parquet", [*utterances[:5], utterances[5].but(audio=b"noise")])


def _saved(folder: Path) -> Path:
    utterances = [u.but(text=text) for u, text in zip(UTTERANCES, BAD_TEXTS, strict=True)]
    return saved(folder / "set", [*utterances[:5], utterances[5].but(audio=b"noise")])


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(_tree, id="LibriSpeech tree"),
        pytest.param(_table("m.jsonl"), id="manifest.jsonl"),
        pytest.param(_table("m.tsv"), id="manifest.tsv"),
        pytest.param(_table("m.csv"), id="manifest.csv"),
        pytest.param(_metadata("metadata.jsonl"), id="metadata.jsonl"),
        pytest.param(_metadata("metadata.csv"), id="metadata.csv"),
        pytest.param(_parquet, id="parquet file"),
        pytest.param(lambda folder: _parquet(folder).parent, id="parquet folder"),
        pytest.param(_saved, id="save_to_disk folder"),
    ],
)
def test_every_row_is_an_utterance_or_skipped(write: Callable[[Path], Path], tmp_path: Path) -> None:
    """Six rows, of which two have no transcript and one no audio; marks and repeated ids lose none."""
    corpus = opened(write(tmp_path), skip_bad=True)
    assert (3, 3) == (len(corpus), len(corpus.skipped))
    assert ["A", "B", '"C'] == texts(corpus)
    assert 2 == corpus.skipped_by_reason["empty transcript"]
    numbers = [entry.number for entry in corpus.entries]
    assert [0, 2, 3] == numbers
