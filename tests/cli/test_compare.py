"""`wergate compare A B`: word errors of two runs, paired by utterance, and the runs that it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.generated_run import CORPORA, Texts, make_run, texts
from wergate.cli.main import main
from wergate.report.results import Results
from wergate.report.run_folder.folder import RunFolder, read_run, write_run
from wergate.report.run_folder.utterances import UtteranceRow

COUNT = 60
ESC = "\x1b]0;title\x07\u202e<img src=x onerror=alert(1)>"


def run_folder(folder: Path, *, given: Sequence[Texts] | None = None, damage: float = 0.1) -> Path:
    """Write a run; its INT8 transcripts are those of `given` in the first corpus."""
    return make_run(folder, count=COUNT, given=given or texts(COUNT, damage, 5), damage=damage, audio=False).folder


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables have room, whatever the terminal of the tests is."""
    monkeypatch.setenv("COLUMNS", "120")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run."""
    return run_folder(tmp_path_factory.mktemp("before") / "run")


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which INT8 gets many more words wrong."""
    given = [(said, first, "WRONG " + second.rpartition(" ")[0]) for said, first, second in texts(COUNT, 0.1, 5)]
    return run_folder(tmp_path_factory.mktemp("worse") / "run", given=given)


def changed(
    folder: Path,
    target: Path,
    *,
    results: Callable[[Results], Results] = lambda found: found,
    row: Callable[[UtteranceRow], UtteranceRow | None] = lambda found: found,
) -> Path:
    """Write a copy of a run with other results or utterances; a row that becomes None is left out."""
    run = read_run(folder)
    rows = [new for old in run.utterances if (new := row(old)) is not None]
    write_run(RunFolder(target, results(run.results), rows, run.rounds))
    return target


def row_changed(name: str, value: Any) -> Callable[[UtteranceRow], UtteranceRow]:
    """Return a change of one field of the first corpus's rows."""
    return lambda row: row.model_copy(update={name: value}) if row.corpus == CORPORA[0] else row


def test_equal_runs_pass(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With 0; every recognizer of both is there, and speed is compared on the same machine."""
    assert 0 == main(["compare", str(before), str(before)])
    said = capsys.readouterr().out
    assert "PASS: no word error rate rose by more than the tolerance" in said
    assert 6 == said.count("+0.00")
    assert 6 == said.count(f"0/{COUNT}")
    assert "int8 over fp16, 5 s" in said
    assert 2 == said.count("1.000 (0.938 to 1.066)")  # both intervals reach from 0.96 to 1.05 of their ratio


def test_a_rise_fails_with_the_code_of_accuracy(before: Path, worse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The gate's line says by how much, and both texts stand word under word."""
    assert 10 == main(["compare", str(before), str(worse), "--worst", "2"])
    said = capsys.readouterr().out
    assert "FAIL INT8 wer=" in said
    assert re.search(r" tiny +speech:clean +int8 +[\d.]+ +[\d.]+ +\+\d+\.\d+ \(\+", said)
    assert "FAIL: a word error rate rose" in said
    assert "tiny int8 on speech:clean: 60 changed" in said
    assert 2 == said.count(": word errors +")
    assert all("WRONG" in line for line in said.splitlines() if line.startswith("  B "))
    assert "and 58 more: raise --worst, or write a page with --report" in said


def test_changed_utterances_are_sorted(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those with most errors added come first, those that got better last."""
    given = [
        (said, first, said if number % 2 else f"UH {second}")
        for number, (said, first, second) in enumerate(texts(COUNT, 0.1, 5))
    ]
    other = run_folder(tmp_path / "other", given=given)
    main(["compare", str(before), str(other), "--worst", "60"])
    added = [
        int(found) for found in re.findall(r"^clean-\d+: word errors ([+-]\d+)", capsys.readouterr().out, re.MULTILINE)
    ]
    assert added == sorted(added, reverse=True)
    assert added[0] > 0 > added[-1]


def test_the_other_way_round_is_no_rise(before: Path, worse: Path) -> None:
    """An improvement passes."""
    assert 0 == main(["compare", str(worse), str(before)])


def test_the_tolerance_decides(before: Path, worse: Path) -> None:
    """A rise that is within it passes."""
    assert 0 == main(["compare", str(before), str(worse), "--wer-drop-max", "0.9"])


def test_too_few_words_are_undecided(before: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the code of a run without evidence, or 0 if that is accepted."""
    few = ["compare", str(before), str(before), "--min-words", "100000"]
    assert 12 == main(few)
    assert "too few to decide (at least 100000)" in capsys.readouterr().out
    assert 0 == main([*few, "--allow-inconclusive"])


def test_utterances_of_one_run_alone_are_left_out(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are paired by id, in whatever order, if their audio is the same."""
    whole = changed(before, tmp_path / "whole", row=lambda row: row.model_copy(update={"digest": row.id}))
    part = changed(whole, tmp_path / "part", row=lambda row: None if row.id == "clean-00007" else row)
    part = changed(part, part, results=lambda run: with_fingerprint(run, "2" * 64))
    run = read_run(part)
    write_run(replace(run, utterances=list(reversed(run.utterances))))
    assert 0 == main(["compare", str(whole), str(part)])
    said = capsys.readouterr().out
    assert 1 == said.count("on speech:clean: 1 utterance of A alone left out")
    assert 3 == said.count("0/59")
    assert 0 == main(["compare", str(part), str(whole)])
    assert 1 == capsys.readouterr().out.count("on speech:clean: 1 utterance of B alone left out")


def test_intervals_are_by_speaker_where_speakers_are_known(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As those of the gates."""
    spoken = changed(before, tmp_path / "spoken", row=lambda row: row.model_copy(update={"speaker": row.id[-1]}))
    main(["compare", str(spoken), str(spoken), "--min-words", "100000"])
    assert "; by speaker) [tiny" in capsys.readouterr().out


def with_fingerprint(run: Results, digest: str) -> Results:
    """Return results in which the corpora have another digest."""
    return run.model_copy(update={"corpora": [row.model_copy(update={"fingerprint": digest}) for row in run.corpora]})


def with_normalizer(run: Results) -> Results:
    """Return results of another normalizer."""
    rows = [row.model_copy(update={"normalizer": "basic"}) for row in run.evaluations]
    return run.model_copy(update={"evaluations": rows})


def left_out(row: UtteranceRow) -> None:
    """Leave a row out."""
    del row


def renamed(folder: Path, target: Path, model: str, hypothesis: str | None = None) -> Path:
    """Write a copy of a run whose model has another name, and may write another text."""

    def of(run: Results) -> Results:
        kinds = ("evaluations", "corpora")
        rows = {kind: [row.model_copy(update={"model": model}) for row in getattr(run, kind)] for kind in kinds}
        return run.model_copy(update=rows)

    def written(row: UtteranceRow) -> UtteranceRow:
        text = row.reference.text if hypothesis is None else hypothesis
        return row.model_copy(update={"model": model, "reference": row.reference.model_copy(update={"text": text})})

    return changed(folder, target, results=of, row=written)


@dataclass(frozen=True)
class Refusal:
    """A change of B, and parts of the line that refuses it."""

    name: str
    said: tuple[str, ...]
    results: Callable[[Results], Results] = lambda run: run
    row: Callable[[UtteranceRow], UtteranceRow | None] = lambda row: row


REFUSALS = (
    Refusal("normalizer", ("normalizer of speech:clean is upper in A, but basic in B",), results=with_normalizer),
    Refusal(
        "corpus",
        ("digest of speech:clean is 111111111111 in A, but 222222222222 in B",),
        results=lambda run: with_fingerprint(run, "2" * 64),
    ),
    Refusal(
        "scorer",
        ("scorer is jiwer unknown in A, but jiwer 3.0.0 in B", "install one version of jiwer"),
        results=lambda run: run.model_copy(update={"versions": run.versions | {"jiwer": "3.0.0"}}),
    ),
    Refusal("text", ("compared: reference text of 'clean-00000' of speech:clean is '", "but 'OTHER' in B"),
            row=row_changed("text", "OTHER")),
    Refusal("nothing shared", ("the runs share no variant: A has tiny pytorch on speech:clean",),
            row=lambda row: row.model_copy(update={"corpus": "another"})),
    Refusal("no utterances", ("has no utterances, so its words cannot be compared",), row=left_out),
)  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_what_means_something_else_is_refused(
    refusal: Refusal, before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, which names what differs and both values."""
    other = changed(before, tmp_path / "other", results=refusal.results, row=refusal.row)
    assert 4 == main(["compare", str(before), str(other)])
    said = capsys.readouterr()
    assert "" == said.out
    assert 1 == said.err.count("\n")
    assert [] == [part for part in refusal.said if part not in said.err], said.err


def test_other_audio_is_refused(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the digests of the utterances; a run that kept none is judged by the digest of the corpus."""
    first = changed(before, tmp_path / "first", row=row_changed("digest", "abc"))
    second = changed(before, tmp_path / "second", row=row_changed("digest", "def"))
    assert 4 == main(["compare", str(first), str(second)])
    said = capsys.readouterr().err
    assert "digest of the audio of 'clean-00000' of speech:clean is abc in A, but def in B" in said
    assert 0 == main(["compare", str(before), str(second)])


def test_a_wrong_path_says_what_is_accepted(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert 4 == main(["compare", str(before), str(tmp_path)])
    assert "has no results.json, so it holds no run; name a folder that --run wrote" in capsys.readouterr().err


@pytest.mark.parametrize(("change", "said"), [
    ({"isa": "avx512_core"}, "CPU is A CPU (unknown) avx2 2 cores in A, but A CPU (unknown) avx512_core 2 cores in B"),
    ({"family": "family 25 model 1"}, "CPU is A CPU (unknown) avx2"),
])  # fmt: skip
def test_speed_of_another_machine_is_not_compared(
    change: dict[str, str], said: str, before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence says why; words are compared."""
    other = changed(
        before,
        tmp_path / "other",
        results=lambda run: run.model_copy(update={"cpu": run.cpu.model_copy(update=change)}),
    )
    assert 0 == main(["compare", str(before), str(other)])
    printed = capsys.readouterr().out
    assert f"Speed is not compared: {said}" in printed
    assert "5 s" not in printed


def test_the_reference_model_alone_is_not_compared(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A PASS of two equal reference models would hide that no variant was compared."""

    def renamed_variants(row: UtteranceRow) -> UtteranceRow:
        return row.model_copy(update={"variants": {f"other-{name}": one for name, one in row.variants.items()}})

    other = changed(before, tmp_path / "other", row=renamed_variants)
    assert 4 == main(["compare", str(before), str(other)])
    assert "the runs share no variant: A has tiny" in capsys.readouterr().err


def test_one_model_by_two_names_is_paired(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs of one model each compare these."""
    other = renamed(before, tmp_path / "other", "new")
    assert 0 == main(["compare", str(before), str(other)])
    assert "tiny / new" in capsys.readouterr().out


def test_foreign_text_commands_no_terminal(before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes stand for it; Markdown shows it in a code block."""
    given = [(said, first, f"{second} {ESC}") for said, first, second in texts(COUNT, 0.1, 5)]
    other = run_folder(tmp_path / "other", given=given)
    written = tmp_path / "c.md"
    main(["compare", str(before), str(other), "--markdown", str(written)])
    said = capsys.readouterr().out
    assert "\\x1b]0;TITLE\\x07\\u202e<IMG" in said
    assert [] == [one for one in "\x1b\x07\u202e" if one in said]
    head, _, rest = written.read_text(encoding="utf-8").partition("<details>")
    assert "<IMG" not in head
    assert all(line.startswith("  ") for line in rest.splitlines() if "<IMG" in line)


def test_a_foreign_name_is_no_markup(before: Path, tmp_path: Path) -> None:
    """Neither in Markdown nor on the page."""
    other = renamed(before, tmp_path / "other", "<img src=x onerror=alert(1)>", hypothesis="-")
    page, note = tmp_path / "c.html", tmp_path / "c.md"
    main(["compare", str(before), str(other), "--markdown", str(note), "--report", str(page)])
    outside = "".join(note.read_text(encoding="utf-8").split("```")[::2])
    assert "&lt;img src=x" in outside
    assert [] == [text for text in (outside, page.read_text(encoding="utf-8")) if "<img" in text]


def test_files_have_no_path_of_this_machine(before: Path, worse: Path, tmp_path: Path) -> None:
    """The page and the Markdown; the same folders give the same bytes."""
    variables = {"LD_PRELOAD": "/home/me/lib.so", "OV_A": "./private/b", "OV_B": "hf_abcdefghijkl"}

    def local_run(run: Results) -> Results:
        assert run.ending
        ending = run.ending.model_copy(update={"command": ["pytest", "--model=/home/me/secret/net"]})
        return run.model_copy(update={"ending": ending, "environment": variables})

    local = changed(before, tmp_path / "local", results=local_run)
    pages, notes = [tmp_path / "1.html", tmp_path / "2.html"], [tmp_path / "1.md", tmp_path / "2.md"]
    for page, note in zip(pages, notes, strict=True):
        main(["compare", str(local), str(worse), "--report", str(page), "--markdown", str(note)])
    for first, second in (pages, notes):
        text = first.read_text(encoding="utf-8")
        assert text == second.read_text(encoding="utf-8")
        assert [] == [part for part in ("/home", "private", str(tmp_path), "hf_abc") if part in text]
