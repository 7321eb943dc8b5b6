"""Transcripts on disk: no finished utterance is lost or computed twice, and only matching lines are reused."""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.recorded import INT8, REFERENCE, Attempt, Recognizer, corpus_of
from tests.support.recorded_syncs import recorded_syncs
from tests.support.tiny import Tiny, encoded, sound
from wergate.corpora.corpus import Corpus
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.transcript_file import Line, TranscriptFile
from wergate.networks.logits import LogitsDifference
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.store import Store

ROOT = Path(__file__).parents[2]
COUNT = 100


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A hundred short utterances, in blocks of 8, 16, 32 and the rest."""
    return corpus_of(tmp_path_factory.mktemp("corpus") / "corpus.parquet", COUNT)


@pytest.fixture(scope="module")
def whole(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an uninterrupted run."""
    path = tmp_path_factory.mktemp("whole") / "transcripts.jsonl"
    Attempt(corpus, path).evaluate()
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    """Return a file's lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def results(evaluation: Evaluation) -> list[UtteranceOutcome]:
    """Return the outcomes of an evaluation without their times."""
    return [replace(outcome, seconds=0.0) for outcome in evaluation.outcomes]


def test_a_line_for_each_utterance_and_recognizer(corpus: Corpus, whole: Path) -> None:
    """Each line holds id, duration, reference, hypothesis, seconds, recognizer and corpus."""
    evaluation = Attempt(corpus).evaluate()
    lines = rows(whole)
    by_key = {(row["id"], row["recognizer"]): row for row in lines}
    assert (2 * COUNT, 2 * COUNT) == (len(lines), len(by_key))
    for outcome in evaluation.outcomes:
        pytorch, int8 = by_key[outcome.id, "pytorch"], by_key[outcome.id, "int8"]
        assert (outcome.reference_hypothesis, 0.25) == (pytorch["hypothesis"], pytorch["seconds"])
        assert (outcome.hypothesis, outcome.text) == (int8["hypothesis"], int8["reference"])
        assert outcome.duration_s == int8["duration_s"] == pytorch["duration_s"]
        assert int8["seconds"] > 0
        assert ("model", "corpus", "ir-1") == (int8["model"], int8["corpus"], int8["ir"])


def test_a_file_changes_no_result(corpus: Corpus, whole: Path) -> None:
    """A run without a file and a run with a finished file give the same outcomes and notes, in corpus order."""
    plain, resumed = Attempt(corpus).evaluate(), Attempt(corpus, whole).evaluate()
    assert results(plain) == results(resumed)
    assert dict(plain.notes) == dict(resumed.notes)
    assert {"resampled from 8000 Hz to 16000 Hz": 33} == dict(plain.notes)
    assert (0, COUNT) == (plain.resumed, resumed.resumed)


def test_a_finished_run_is_scored_again_without_inference(corpus: Corpus, whole: Path) -> None:
    """A change of normalizer compiles nothing, runs neither model, and leaves the file unchanged."""
    before = whole.read_bytes()
    again = Attempt(corpus, whole, normalizer="basic")
    evaluation = again.evaluate()
    assert (0, 0, 0) == (again.recognizer.compiled, again.recognizer.inferences, again.reference_run.asked)
    assert before == whole.read_bytes()
    fresh = Attempt(corpus, normalizer="basic").evaluate()
    assert (fresh.candidate, fresh.reference, fresh.logits) == (
        evaluation.candidate,
        evaluation.reference,
        evaluation.logits,
    )
    assert f"resumed {COUNT} of {COUNT} utterances from the transcripts" == evaluation.resume_note


KILLED = """
    import sys
    from pathlib import Path
    from tests.support.recorded import Recognizer, Attempt
    from wergate.corpora.corpus import CorpusSpec, open_corpus

    corpus = open_corpus(CorpusSpec("corpus", Path(sys.argv[1])))
    Attempt(corpus, Path(sys.argv[2]), recognizer=Recognizer(kill_at=int(sys.argv[3]))).evaluate()
"""


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that can import wergate and the tests."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("kill_at", "kept"), [(0, 0), (8, 8), (24, 24), (56, 56)])
def test_a_killed_run_is_resumed(kill_at: int, kept: int, corpus: Corpus, tmp_path: Path) -> None:
    """After a SIGKILL, the next run infers only the remaining utterances and ends with the same results."""
    path = tmp_path / "transcripts.jsonl"
    process = child(KILLED, corpus.spec.path, path, kill_at)
    _, errors = process.communicate(timeout=60)
    assert -signal.SIGKILL == process.returncode, errors
    resumed = Attempt(corpus, path)
    evaluation = resumed.evaluate()
    assert (COUNT - kept, kept) == (resumed.recognizer.inferences, evaluation.resumed)
    assert results(Attempt(corpus).evaluate()) == results(evaluation)
    lines = [{key: value for key, value in row.items() if key != "seconds"} for row in rows(path)]
    assert 2 * COUNT == len({(row["id"], row["recognizer"]) for row in lines}) == len(lines)


@settings(max_examples=25)
@given(data=st.data())
def test_a_file_cut_at_any_byte_is_resumed(
    data: st.DataObject, corpus: Corpus, whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The partial line of a killed run is dropped, and no utterance but its own is inferred again."""
    content = whole.read_bytes()
    at = data.draw(st.integers(0, len(content)))
    path = tmp_path_factory.mktemp("cut") / "transcripts.jsonl"
    path.write_bytes(content[:at])
    pairs = sum(row["recognizer"] == "int8" for row in map(json.loads, content[:at].split(b"\n")[:-1]))
    resumed = Attempt(corpus, path)
    evaluation = resumed.evaluate()
    assert (pairs, COUNT - pairs) == (evaluation.resumed, resumed.recognizer.inferences)
    assert results(Attempt(corpus).evaluate()) == results(evaluation)
    assert COUNT == sum(row["recognizer"] == "int8" for row in rows(path))
    assert COUNT == Attempt(corpus, path).evaluate().resumed


@pytest.mark.parametrize("torn", ["line", "mark", "nothing"])
def test_nul_bytes_at_the_end_are_cut(torn: str, corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """A power cut may leave the length of lost blocks; the next run keeps the lines before them and does the rest."""
    path = tmp_path / "transcripts.jsonl"
    *lines, last = whole.read_bytes().splitlines(keepends=True)
    part = {"line": last[:100], "mark": last[:9], "nothing": b""}[torn]
    path.write_bytes(b"".join(lines) + part + bytes(5000))
    resumed = Attempt(corpus, path).evaluate()
    assert COUNT - 1 == resumed.resumed
    assert {row["id"] for row in rows(whole)} == {row["id"] for row in rows(path)}
    assert b"\0" not in path.read_bytes()


@pytest.mark.parametrize("start", [0, 90], ids=["at its start", "inside"])
def test_a_line_with_nul_bytes_is_written_again(start: int, corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """A power cut may lose a block of lines that were not synced; only the utterance of that line is repeated."""
    path = tmp_path / "transcripts.jsonl"
    lines = whole.read_bytes().splitlines(keepends=True)
    lines[6] = lines[6][:start] + bytes(100) + lines[6][start + 100 :]
    path.write_bytes(b"".join(lines))
    assert COUNT - 1 == Attempt(corpus, path).evaluate().resumed
    assert COUNT == Attempt(corpus, path).evaluate().resumed


def test_a_candidate_without_logits_is_refused(corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """A line whose checksum was made for `null` is named by its utterance, in one line."""
    lines = list(TranscriptFile(whole).lines())
    number = next(number for number, line in enumerate(lines) if line.recognizer == INT8.recognizer)
    lines[number] = replace(lines[number], logits=None)
    path = tmp_path / "transcripts.jsonl"
    TranscriptFile(path).append(lines)
    message = (
        f"transcripts.jsonl': the line of '{INT8.recognizer}' for utterance '{lines[number].id}' has null in place"
    )
    with pytest.raises(SuiteError, match=f"{message} of logits, .*; delete that line"):
        Attempt(corpus, path).evaluate()


def test_all_transcripts_are_synced_at_the_end(corpus: Corpus, tmp_path: Path) -> None:
    """Whatever ends an evaluation, a power cut after it costs no line."""
    path = tmp_path / "transcripts.jsonl"
    with recorded_syncs() as record:
        Attempt(corpus, path).evaluate()
    assert path.stat().st_size == record.sizes[str(path)]


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [
        pytest.param(REFERENCE, replace(INT8, ir="ir-2"), id="another IR"),
        pytest.param(REFERENCE, replace(INT8, decided_by={"openvino": "2"}), id="another OpenVINO"),
        pytest.param(replace(REFERENCE, decided_by={"model": "xyz"}), INT8, id="another reference model"),
    ],
)
def test_lines_from_other_weights_or_versions_are_ignored_and_counted(
    reference: Any, candidate: Any, corpus: Corpus, whole: Path, tmp_path: Path
) -> None:
    """Every utterance is inferred again, the old lines stay, and their number is reported."""
    path = tmp_path / "transcripts.jsonl"
    path.write_bytes(whole.read_bytes())
    session = Attempt(corpus, path, candidate=candidate, reference=reference)
    evaluation = session.evaluate()
    ignored = COUNT if candidate is not INT8 else 0
    assert (0, COUNT, ignored) == (evaluation.resumed, session.recognizer.inferences, evaluation.ignored_lines)
    assert path.read_bytes().startswith(whole.read_bytes())
    if ignored:
        assert evaluation.resume_note == (
            f"resumed 0 of {COUNT} utterances from the transcripts; "
            f"ignored {COUNT} lines from other weights, versions or audio"
        )


@pytest.mark.parametrize(
    "change",
    [{"hypothesis": "A"}, {"seconds": 1}, {"logits": None}, {"key": "0" * 32}, {"checksum": "0" * 64}],
    ids=str,
)
def test_an_edited_line_is_refused(change: dict[str, Any], corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """The run ends before any inference, with the number of the line, and the file stays unchanged."""
    path = tmp_path / "transcripts.jsonl"
    lines = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    edited = json.dumps(json.loads(lines[3]) | change, ensure_ascii=False) + "\n"
    path.write_text("".join([*lines[:3], edited, *lines[4:]]), encoding="utf-8")
    before, session = path.read_bytes(), Attempt(corpus, path)
    with pytest.raises(SuiteError, match=r"transcripts file '.*': line 4 does not match its checksum, .*delete that"):
        session.evaluate()
    assert (0, before) == (session.recognizer.inferences, path.read_bytes())


def test_lines_without_a_checksum_are_computed_again(corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """Earlier versions wrote no checksum, and a line that was typed in by hand may have none."""
    path = tmp_path / "transcripts.jsonl"
    for row in rows(whole):
        del row["checksum"]
        with path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    session = Attempt(corpus, path)
    evaluation = session.evaluate()
    assert (COUNT, 0, 0) == (session.recognizer.inferences, evaluation.resumed, evaluation.ignored_lines)
    expected = f"resumed 0 of {COUNT} utterances from the transcripts; ignored {COUNT} lines without a checksum"
    assert expected == evaluation.resume_note
    assert COUNT == Attempt(corpus, path).evaluate().resumed


def test_replaced_audio_is_inferred_again(corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """A new recording under an old id makes the old line invalid."""
    path = tmp_path / "transcripts.jsonl"
    path.write_bytes(whole.read_bytes())
    (old,) = (u for u in corpus_rows(corpus) if u.id == "u5")
    changed = corpus_of(tmp_path / "corpus.parquet", COUNT, u5=old.but(audio=encoded(sound(0.3, seed=999))))
    session = Attempt(changed, path)
    evaluation = session.evaluate()
    assert (1, COUNT - 1, 1) == (session.recognizer.inferences, evaluation.resumed, evaluation.ignored_lines)
    assert results(Attempt(changed).evaluate()) == results(evaluation)


def test_a_corrected_text_needs_no_inference(corpus: Corpus, whole: Path, tmp_path: Path) -> None:
    """Old outcomes are scored against the corrected reference text, in this run and in later ones."""
    path = tmp_path / "transcripts.jsonl"
    path.write_bytes(whole.read_bytes())
    (old,) = (u for u in corpus_rows(corpus) if u.id == "u5")
    changed = corpus_of(tmp_path / "corpus.parquet", COUNT, u5=old.but(text="QUITE ANOTHER TEXT"))
    for _ in range(2):
        session = Attempt(changed, path)
        evaluation = session.evaluate()
        assert (0, 0, COUNT) == (session.recognizer.inferences, session.reference_run.asked, evaluation.resumed)
        assert results(Attempt(changed).evaluate()) == results(evaluation)
    assert 2 * COUNT + 2 == len(rows(path))


def test_a_part_of_the_corpus_serves_the_whole(corpus: Corpus, tmp_path: Path) -> None:
    """Ten finished utterances are not inferred again when the corpus has a hundred."""
    path = tmp_path / "transcripts.jsonl"
    Attempt(replace(corpus, entries=corpus.entries[:10]), path).evaluate()
    session = Attempt(corpus, path)
    assert (10, COUNT - 10) == (session.evaluate().resumed, session.recognizer.inferences)


def test_several_candidates_share_a_file(corpus: Corpus, tmp_path: Path) -> None:
    """The reference model's lines are written once, and each candidate adds its own."""
    path = tmp_path / "transcripts.jsonl"
    Attempt(corpus, path).evaluate()
    fp16 = Attempt(corpus, path, candidate=replace(INT8, recognizer="fp16", ir="ir-3"), recognizer=Recognizer(noise=0))
    assert (0, COUNT) == (fp16.evaluate().ignored_lines, fp16.recognizer.inferences)
    assert 3 * COUNT == len(rows(path))


CROWD = """
    import sys
    from dataclasses import replace
    from pathlib import Path
    from tests.support.recorded import INT8, Attempt
    from wergate.corpora.corpus import CorpusSpec, open_corpus

    corpus = open_corpus(CorpusSpec("corpus", Path(sys.argv[1])))
    Attempt(corpus, Path(sys.argv[2]), candidate=replace(INT8, recognizer=sys.argv[3], ir=sys.argv[3])).evaluate()
"""


def test_several_processes_write_one_file(corpus: Corpus, tmp_path: Path) -> None:
    """No line is lost or torn, and each process finds its own lines again."""
    path = tmp_path / "transcripts.jsonl"
    names = ["one", "two", "three"]
    processes = [child(CROWD, corpus.spec.path, path, name) for name in names]
    ends = [process.communicate(timeout=60)[1] for process in processes]
    assert ["", "", ""] == ends
    found = rows(path)
    for name in names:
        assert COUNT == sum(row["recognizer"] == name for row in found)
        again = Attempt(corpus, path, candidate=replace(INT8, recognizer=name, ir=name))
        assert COUNT == again.evaluate().resumed


def test_a_writer_waits_for_the_lock(tmp_path: Path) -> None:
    """A writer must not remove the unfinished line of another process that is still writing."""
    file = TranscriptFile(tmp_path / "transcripts.jsonl")
    line = Line("m", "c", "int8", "u", 1.0, "A", "A", 0.1, None, (), "", "", "", "")
    writer = threading.Thread(target=file.append, args=([line],))
    with filelock.FileLock(tmp_path / ".transcripts.jsonl.lock"):
        writer.start()
        writer.join(0.3)
        assert [] == list(file.lines())
    writer.join()
    assert [line] == list(file.lines())


FOREIGN = {
    "text": b"hello\n",
    "no line break": b"hello",
    "other JSON": b'{"id": "u1", "text": "A"}\n',
    "another format": b'{"wergate": "transcript/99", "id": "u1"}\n',
    "an empty line": b"\n",
    "binary": b"PAR1\x00\xff",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused(content: bytes, tmp_path: Path) -> None:
    """The run ends with one line, and the file stays unchanged."""
    path = tmp_path / "mine.txt"
    path.write_bytes(content)
    with pytest.raises(SuiteError, match=r"transcripts file '.*mine.txt' was not written by .*: line 1 is not a "):
        TranscriptFile(path)
    assert content == path.read_bytes()


def test_a_foreign_line_is_named_by_its_number(whole: Path, tmp_path: Path) -> None:
    """The whole file is checked, not only its first line."""
    path = tmp_path / "edited.jsonl"
    lines = whole.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"a note of mine\n", *lines[3:]]))
    with pytest.raises(SuiteError, match="line 4 is not a transcript"):
        TranscriptFile(path)


@pytest.mark.parametrize("name", ["", "nowhere/transcripts.jsonl", "/dev/null"], ids=["a folder", "in none", "device"])
def test_a_path_that_cannot_be_a_file_is_refused(name: str, tmp_path: Path) -> None:
    """The error comes before any inference."""
    with pytest.raises(SuiteError, match=r"is not a file, or its folder does not exist; .* --transcripts FILE\.jsonl"):
        TranscriptFile(tmp_path / name)


def test_a_full_disk_is_reported(tmp_path: Path, corpus: Corpus) -> None:
    """The run ends with one line, and a later run with free space resumes from the lines that were written."""
    path = tmp_path / "transcripts.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(SuiteError, match=r"transcripts file '.*' cannot be written: File too large; free some"):
            Attempt(corpus, path).evaluate()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    evaluation = Attempt(corpus, path).evaluate()
    assert 8 <= evaluation.resumed < COUNT
    assert results(Attempt(corpus).evaluate()) == results(evaluation)


@given(
    line=st.builds(
        Line,
        model=st.text(),
        corpus=st.text(),
        recognizer=st.text(),
        id=st.text(st.characters()),
        duration_s=st.floats(0, 1e4),
        reference=st.text(),
        hypothesis=st.text(),
        seconds=st.floats(0, 1e4),
        logits=st.none()
        | st.builds(
            LogitsDifference,
            frames=st.integers(0, 9**9),
            max_abs=st.floats(allow_nan=False),
            signal=st.floats(allow_nan=False),
        ),
        notes=st.lists(st.text()).map(tuple),
    )
)
def test_lines_survive_a_round_trip(line: Line, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any text and any number is read back bit by bit."""
    file = TranscriptFile(tmp_path_factory.mktemp("lines") / "transcripts.jsonl")
    file.append([line])
    file.append([line])
    assert [line, line] == list(file.lines())


def test_invalid_unicode_is_kept(tmp_path: Path) -> None:
    """Lone surrogates, which JSON manifests can contain, are read back unchanged."""
    file = TranscriptFile(tmp_path / "transcripts.jsonl")
    line = Line("m", "c", "int8", "u\ud800", 1.0, "A\udfff", "\u2028", 0.1, None, (), "", "", "", "")
    file.append([line, line])
    assert [line, line] == list(file.lines())


def test_nan_in_logits_is_kept(tmp_path: Path) -> None:
    """NaN is read back as NaN, and the file is valid JSON for any reader."""
    path = tmp_path / "transcripts.jsonl"
    line = Line("m", "c", "int8", "u", 1.0, "A", "A", 0.1, LogitsDifference(max_abs=math.nan), (), "", "", "", "")
    TranscriptFile(path).append([line])
    (found,) = TranscriptFile(path).lines()
    assert found is not None
    assert found.logits is not None
    assert math.isnan(found.logits.max_abs)
    json.loads(path.read_text(), parse_constant=pytest.fail)


def test_a_session_resumes_from_its_transcripts(tiny: Tiny, warm: Any, tmp_path: Path) -> None:
    """On the tiny model, a second session infers nothing, and another inference precision infers everything."""
    path, model = tmp_path / "transcripts.jsonl", str(tiny.model)

    def evaluated(**changes: str) -> tuple[Evaluation, Session]:
        config = tiny.config(tmp_path, **changes)
        session = Session(config, embedded=tmp_path, store=Store(warm.cache), transcripts=TranscriptFile(path))
        return session.evaluation(Cell(model, session.corpora.first(model), "int8")), session

    first, _ = evaluated()
    second, session = evaluated(normalizer='"basic"')
    assert (0, 4, "basic") == (first.resumed, second.resumed, second.normalizer)
    assert first.outcomes == second.outcomes
    assert {"fp16-ir", "int8-ir"} == {use.artifact.kind for use in session.memo.uses.artifacts}
    third, _ = evaluated(inference_precision='"bf16"')
    assert (0, 4) == (third.resumed, third.ignored_lines)


def corpus_rows(corpus: Corpus) -> Any:
    """Return the rows of a corpus file."""
    import pyarrow.parquet as pq

    from tests.support.tiny import Spoken

    table = pq.read_table(corpus.spec.path).to_pylist()
    return [Spoken(row["id"], row["text"], row["audio"]["bytes"]) for row in table]
