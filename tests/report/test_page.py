"""The page about a run, without a browser: bytes, secrets, broken runs, recordings, and what the wheel needs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.generated_run import CORPORA, Made, make_run
from tests.support.recorded_syncs import recorded_syncs
from wergate.errors import SuiteError
from wergate.report.page.charts import Bar, Forest, Scale, front_of, scale_over, ticks
from wergate.report.page.document import LIBRARY
from wergate.report.page.head import first_to_hear
from wergate.report.page.render import render
from wergate.report.results import Rows, broken_results, read_results, results_text
from wergate.report.rows.ending import EndingRow
from wergate.report.run_folder.audio import Clip, by_priority, peaks, within
from wergate.report.run_folder.folder import RunFolder, read_run, require_folder, write_run
from wergate.report.run_folder.utterances import alignment
from wergate.store import content_key
from wergate.verdict import Status

ROOT = Path(__file__).parents[2]
VENDOR = LIBRARY.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A generated run with failed gates."""
    return make_run(tmp_path_factory.mktemp("run") / "run", count=12)


def data_of(text: str) -> dict[str, Any]:
    """Return the utterances that a page holds."""
    packed = re.search(r'id="data">([^<]*)<', text)
    assert packed
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return found


def test_a_folder_is_read_as_it_was_written(made: Made) -> None:
    """Results, utterances, and rounds come back whole."""
    run = read_run(made.folder)
    assert made.utterances == run.utterances
    assert made.results.verdicts == run.results.verdicts
    assert {"ratio", "benchmark"} == {row.kind for row in run.rounds}


def test_the_alignment_has_the_counts_of_the_gate(made: Made) -> None:
    """Each letter stands for one column, and S, D and I add up to the errors of the evaluation."""
    for row in made.utterances:
        for one in (row.reference, row.transcript("int8")):
            counts = tuple(one.alignment.count(letter) for letter in "SDI")
            assert (one.substitutions, one.deletions, one.insertions) == counts
    for found in made.results.evaluations:
        rows = [row for row in made.utterances if row.corpus == found.corpus]
        total = sum(row.transcript(found.variant).errors for row in rows)
        assert found.candidate.substitutions + found.candidate.deletions + found.candidate.insertions == total
    written = {"PQS": "EEDE", "PQXRS": "EEIEE", "PXRS": "ESEE", "": "DDDD"}
    assert written == {hypothesis: alignment(reference="PQRS", hypothesis=hypothesis) for hypothesis in written}
    assert "II" == alignment(reference="", hypothesis="AB")


def test_the_same_folder_gives_the_same_bytes(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """H15: nothing on the page depends on when or where it was made."""
    first = render(made.folder, tmp_path / "one.html").text
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert first == render(made.folder, tmp_path / "two.html").text
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_no_secret_and_no_local_path_is_on_the_page(tmp_path: Path) -> None:
    """H16: paths of options, ids and messages are cut to their ends, and tokens become stars."""
    secret, place = "hf_abcdefghijklmnop", "/home/somebody/recordings"
    corpus = f"{place}/clean.parquet"
    command = ("pytest", "accuracy/", "--corpus", corpus, f"--results={place}/r.json", f"token={secret}")
    given, ids = [("A", "A", "B")], [f"{place}/one.wav"]
    made = make_run(tmp_path / "run", count=3, given=given, ids=ids, command=command, audio=False)
    run = read_run(made.folder)
    notes = [f"corpus '{corpus}' was read with {secret}, and labels with /home/somebody/else/labels.json"]
    ending = EndingRow(exit_code=10, command=list(command), mistakes=notes, notes=notes)
    write_run(RunFolder(made.folder, run.results.model_copy(update={"ending": ending}), run.utterances))
    text = render(made.folder, tmp_path / "page.html").text
    data = json.dumps(data_of(text))
    assert (0, 0) == (text.count(secret), text.count("somebody"))
    assert (0, 0) == (data.count("somebody"), data.count(secret))
    assert "clean.parquet" in text
    assert any(row["i"] == "one.wav" for row in data_of(text)["rows"])


def test_the_command_of_the_page_keeps_the_paths_of_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of every checkout, so the command can be repeated; the user's own folders are cut."""
    monkeypatch.chdir(tmp_path)
    for name in ("benchmarks/test_speedup.py", "private/recordings"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    command = ["pytest", "benchmarks/test_speedup.py", "--corpus", "private/recordings"]
    made = make_run(tmp_path / "run", count=3, command=command, audio=False)
    text = render(made.folder, tmp_path / "page.html").text
    assert "pytest benchmarks/test_speedup.py --corpus recordings" in text
    assert "private/" not in text


def test_a_run_that_broke_before_its_first_test_has_a_page(tmp_path: Path) -> None:
    """H17: the mistake is what did not pass, and the verdict is FAIL."""
    ending = EndingRow(exit_code=13, command=["pytest"], mistakes=["model 'x' is unknown; <b>name</b> a folder"])
    write_run(RunFolder(tmp_path / "run", broken_results(ending)))
    text = render(tmp_path / "run", tmp_path / "page.html").text
    assert "the set-up is broken" in text
    assert "model &#39;x&#39; is unknown; &lt;b&gt;name&lt;/b&gt; a folder" in text
    assert 'id="browser"' not in text


def test_a_run_of_no_gates_has_a_page(made: Made, tmp_path: Path) -> None:
    """H17: the page says that no gate ran."""
    empty = made.results.model_copy(update={**Rows().written, "verdict": Status.PASS, "ending": None})
    write_run(RunFolder(tmp_path / "run", empty))
    assert "No gate ran" in render(tmp_path / "run", tmp_path / "page.html").text


def test_a_run_folder_is_synced_and_its_results_come_last(made: Made, tmp_path: Path) -> None:
    """A folder with results is a whole run, also after a power cut."""
    clips = [Clip("one.mp3", b"one", [1]), Clip("two.mp3", b"two", [2])]
    with recorded_syncs() as record:
        write_run(RunFolder(tmp_path / "run", made.results), clips)
    events = record.of(tmp_path / "run")
    at = events.index(("rename", "results.json"))
    audio = {("sync", "audio"), ("sync", "audio/one.mp3"), ("sync", "audio/two.mp3")}
    assert {*audio, ("rename", "utterances.jsonl.gz"), ("rename", "rounds.jsonl.gz")} <= set(events[:at])
    assert [("sync", ".")] == events[at + 1 :]


def test_results_of_schema_4_have_a_page(made: Made, tmp_path: Path) -> None:
    """A results file alone, of the version before run folders, is enough for all but the utterances."""
    older = made.results.model_copy(update={"schema_version": 4, "ending": None})
    content = json.loads(results_text(older))
    del content["ending"], content["digest"]
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps({**content, "digest": content_key(content)}))
    assert 4 == read_results(folder / "results.json").schema_version
    text = render(folder, tmp_path / "page.html").text
    assert "What did not pass" in text
    assert 'id="browser"' not in text


@pytest.mark.parametrize("version", [3, 6])
def test_other_schema_versions_are_refused(version: int, made: Made, tmp_path: Path) -> None:
    """One line names the versions that are accepted."""
    path = tmp_path / "results.json"
    path.write_text(results_text(made.results.model_copy(update={"schema_version": version})))
    with pytest.raises(SuiteError, match=rf"have schema version {version}, but only 4 and 5 are accepted"):
        read_results(path)


def test_without_recordings_there_is_no_player(tmp_path: Path) -> None:
    """H19: neither a recording nor a waveform, and the reason in their place."""
    made = make_run(tmp_path / "run", count=3, audio=False)
    assert not (made.folder / "audio").exists()
    text = render(made.folder, tmp_path / "page.html").text
    assert "contains no recordings" in text
    assert 'id="audio-' not in text
    assert all("p" not in row and "a" not in row and row["y"] for row in data_of(text)["rows"])


def test_what_matters_most_gets_the_audio(tmp_path: Path) -> None:
    """First what a failed gate is about, then what got worse, then other changes; the budget cuts the rest."""
    given = {"same": ("A B", "A B", "A B"), "better": ("A B", "A X", "A B"), "worse": ("A B", "A B", "A X")}
    made = make_run(tmp_path / "run", count=4, given=list(given.values()), ids=list(given), audio=False)
    order = by_priority(made.utterances, made.results.verdicts)
    assert ["worse", "better", "same"] == [row.id for row in order if row.id in given]
    verdicts = [row.model_copy(update={"status": Status.PASS}) for row in made.results.verdicts]
    (wer,) = [n for n, row in enumerate(verdicts) if (row.gate, row.subject, row.corpus) == ("wer", "INT8", CORPORA[0])]
    verdicts[wer] = verdicts[wer].model_copy(update={"status": Status.FAIL})
    assert "worse" == by_priority(made.utterances, verdicts)[0].id
    sizes = {row.key: 1_000_000 for row in order}
    assert order[:3] == within(3.5, order, sizes)
    assert order == by_priority(reversed(made.utterances), made.results.verdicts)


def test_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    """A folder with other files is refused, an earlier run is replaced."""
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(SuiteError, match="has files of something else; name a new or an empty folder with --run"):
        require_folder(tmp_path)
    with pytest.raises(SuiteError, match="is a file; name a folder with --run DIR"):
        require_folder(tmp_path / "mine.txt")
    require_folder(tmp_path / "new")


def test_what_a_killed_run_left_is_replaced(made: Made, tmp_path: Path) -> None:
    """Without results, files of a run and their temporary ones do not stop the next run."""
    folder = tmp_path / "run"
    write_run(RunFolder(folder, made.results, made.utterances, []))
    (folder / "results.json").rename(folder / ".123-results.json")
    (folder / "audio").mkdir()
    require_folder(folder)
    write_run(RunFolder(folder, made.results))
    assert [] == list(read_run(folder).utterances)


def test_a_run_that_cannot_be_written_whole_is_no_run(made: Made, tmp_path: Path) -> None:
    """Utterances of a run are never read with the results of another one."""
    folder = tmp_path / "run"
    write_run(RunFolder(folder, made.results))
    (folder / "rounds.jsonl.gz").unlink()
    (folder / "rounds.jsonl.gz").mkdir()
    with pytest.raises(SuiteError, match="cannot be written"):
        write_run(RunFolder(folder, made.results, made.utterances))
    with pytest.raises(SuiteError, match="holds no run"):
        read_run(folder)


def test_a_damaged_folder_is_refused(made: Made, tmp_path: Path) -> None:
    """One line says which file is damaged."""
    with pytest.raises(SuiteError, match=r"has no results\.json, so it holds no run"):
        read_run(tmp_path)
    write_run(RunFolder(tmp_path / "run", made.results))
    (tmp_path / "run" / "utterances.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(SuiteError, match="is damaged"):
        read_run(tmp_path / "run")


def test_the_vendored_library_is_unchanged() -> None:
    """H20: its digest is that of vendor.toml, and its licences are in the same folder."""
    about = tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))
    assert about["sha256"] == hashlib.sha256((VENDOR / about["file"]).read_bytes()).hexdigest()
    for name, sentence in zip(about["licences"], ("Apache License", "The MIT License"), strict=True):
        assert sentence in (VENDOR / name).read_text(encoding="utf-8")


def test_scales_and_marks() -> None:
    """Values keep their order, ends are clipped, and marks are round numbers on the scale."""
    scale = Scale(0.0, 4.0)
    assert (0.0, 25.0, 100.0) == (scale.at(-1), scale.at(1), scale.at(9))
    assert ["0", "1", "2", "3", "4"] == [text for _, text in ticks(scale)]
    assert scale_over([5.0]).inside(5.0)
    assert scale_over([]).low < scale_over([]).high
    assert [True, True, False] == front_of([(1.0, 5.0), (2.0, 6.0), (1.0, 6.0)])


def test_peaks_are_shares_of_the_full_scale() -> None:
    """The loudest sample of each part, and fewer parts than samples."""
    assert [500, 1000] == peaks(np.array([0.5, -1.0], np.float32))
    assert 200 == len(peaks(np.zeros(16_000, np.float32)))


def test_two_corpora_are_on_the_page(made: Made, tmp_path: Path) -> None:
    """Each utterance is there once, whatever the number of variants."""
    data = data_of(render(made.folder, tmp_path / "page.html").text)
    assert list(CORPORA) == [cell["corpus"] for cell in data["cells"]]
    assert len(made.utterances) == len(data["rows"])


def test_the_worst_three_come_first(made: Made) -> None:
    """They have most errors added, and the words shown are the part of each with errors."""
    shown = {row.key: row.id for row in made.utterances}
    first = first_to_hear(made.utterances, shown)
    most = sorted((row.added("int8") for row in made.utterances), reverse=True)[:3]
    assert most == [one.added for one in first]
    for one in first:
        letters = "".join(letter for _, letter in one.wrote)
        assert letters in one.row.transcript(one.variant).alignment
        assert set(letters) & set("SDI")
        assert "".join(letter for _, letter in one.reference) in one.row.reference.alignment


def test_one_wide_interval_does_not_hide_the_others() -> None:
    """Values and limits are always on the scale; an interval that is many times as wide is cut."""
    bars = [Bar("a", "", 2.0, 1.9, 2.1, 1.5), Bar("b", "", 3.0, 0.01, 1e5, 1.5)]
    scale = Forest("ratios", "", bars, line=1.0).scale
    assert all(scale.inside(value) for value in (1.0, 1.5, 1.9, 2.1, 3.0))
    assert not scale.inside(1e5)
    assert scale.high < 10
