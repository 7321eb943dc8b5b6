"""Rows of a corpus: each one becomes an utterance or is skipped and counted; none is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.support.corpus_forms import audio_files
from tests.support.tiny import RATE, spoken
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

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
