"""Stored word errors: comparisons, reasons against a comparison, the text of changes, and manual edits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.variants import make_variant
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.gates.regression import Regression, reference_of, reference_regression, regression, transcripts_of
from wergate.gates.wer_baseline import StoredTranscripts, read_transcripts, write_transcripts
from wergate.networks.logits import LogitsDifference
from wergate.verdict import Status, Verdict

VERSIONS = {"openvino": "2026.4.1", "torch": "2.13.0"}
HERE, VNNI = "CPU avx2 f32", "CPU avx512_core_vnni f32"
KEY = "tiny spoken int8"
TEXTS = ("A LION SINGS", "NO ONE HEARD THE PIANO", "TEN MEN")


def evaluated(*hypotheses: str, reference: tuple[str, ...] = TEXTS) -> Evaluation:
    """Return the evaluation of the candidate's transcripts of the three texts."""
    pairs = zip(TEXTS, reference, hypotheses, strict=True)
    outcomes = (UtteranceOutcome(f"u{n}", 1.0, *texts, LogitsDifference()) for n, texts in enumerate(pairs))
    return Evaluation(make_variant(), "spoken", "pytorch", "upper", tuple(outcomes))


def stored(evaluation: Evaluation, **changes: object) -> StoredTranscripts:
    """Return the baseline entry of an evaluation, with changes."""
    found = transcripts_of(evaluation, model="11" * 32, corpus="22" * 32, versions=VERSIONS)
    return found.model_copy(update=changes)


def compared(now: Evaluation, before: Evaluation, machine: str = HERE, **changes: object) -> Regression:
    """Compare an evaluation with the entry of an earlier one, stored on some kind of machine."""
    kinds = {machine: stored(before, **changes)}
    return regression(now, stored(now), kinds, machine=HERE)


EQUAL = evaluated(*TEXTS)
ONE = evaluated("A LION SINGS", "NO ONE HEARD A PIANO", "TEN MEN")
TWO = evaluated("A LION SANG", "NO ONE HEARD PIANO", "TEN MEN")


def test_the_same_word_errors_pass() -> None:
    """Equal transcripts pass without a list of changes."""
    found = compared(ONE, ONE)
    assert ("same", ()) == (found.outcome, found.changes)
    assert found.verdict is not None
    assert Status.PASS is found.verdict.status


def test_more_word_errors_fail_and_are_shown() -> None:
    """The verdict gives the counts by kind; the changes show each utterance aligned, the worst first."""
    found = compared(TWO, ONE)
    assert found.verdict is not None
    assert ("worse", Status.FAIL) == (found.outcome, found.verdict.status)
    assert (
        "INT8 word_errors=2, but should be <= 1 (stored baseline; S/D/I 1/0/0 then, 1/1/0 now) "
        "[tiny, spoken, 3 utterances, 10 words]; check the changed utterances below; if the change is intended, "
        "run with --update-baselines"
    ) == found.verdict.line
    first, second = found.changes
    assert ["u0: 0 errors then, 1 now; reference 'A LION SINGS'", "WAS: A LION SINGS", "NOW: A LION  SANG"] == [
        line.rstrip() for line in first.splitlines()[:3]
    ]
    assert second.startswith("u1: 1 errors then, 1 now; reference 'NO ONE HEARD THE PIANO'\nWAS: NO ONE HEARD A PIANO")


def reference_verdict(before: Evaluation, now: Evaluation, machine: str = "avx2", **changes: object) -> Verdict | str:
    """Compare the reference model's errors with those of an earlier evaluation."""
    then, here = (reference_of(e, model="11" * 32, corpus="22" * 32, versions=VERSIONS) for e in (before, now))
    return reference_regression(now, here, {machine: then.model_copy(update=changes)}, machine="avx2")


def test_the_reference_model_repeats_its_errors() -> None:
    """One word more or less fails; the candidate's transcripts do not matter."""
    worse = evaluated(*TEXTS, reference=("A LION SANG", *TEXTS[1:]))
    for before, now, passes in ((worse, worse, True), (EQUAL, TWO, True), (EQUAL, worse, False), (worse, EQUAL, False)):
        verdict = reference_verdict(before, now)
        assert isinstance(verdict, Verdict)
        assert passes == (verdict.status is Status.PASS), verdict.line
    assert "pytorch reference_errors=0, but should be == 1 (stored baseline; S/D/I 1/0/0 then, 0/0/0 now)" in str(
        verdict.line
    )


def test_a_reference_of_other_origin_is_not_compared() -> None:
    """Another kind of machine, another package or other audio rules a comparison out, in one line."""
    assert "none for avx2; --update-baselines" in str(reference_verdict(EQUAL, EQUAL, "avx512"))
    found = reference_verdict(EQUAL, EQUAL, versions={"openvino": "2026.4.1", "torch": "2.12.0"})
    assert found == "baseline of tiny on spoken, pytorch: not compared: stored with torch 2.12.0, now 2.13.0"


def test_fewer_word_errors_pass_and_can_be_stored() -> None:
    """An improvement names the option that stores it, and lists the changed utterances."""
    found = compared(EQUAL, ONE)
    assert found.verdict is not None
    assert ("better", Status.PASS) == (found.outcome, found.verdict.status)
    assert found.line == (
        "baseline of tiny on spoken, INT8: word errors fell from 1 to 0; --update-baselines stores the lower count"
    )
    assert 1 == len(found.changes)


def test_equally_many_errors_elsewhere_pass_and_are_shown() -> None:
    """The count decides the verdict, and the changed utterances are listed."""
    moved = evaluated("A LION SANG", "NO ONE HEARD THE PIANO", "TEN MEN")
    found = compared(moved, ONE)
    assert ("same", 2) == (found.outcome, len(found.changes))


def test_only_what_differs_from_the_reference_model_is_stored() -> None:
    """Any other transcript equals the reference model's, then and now."""
    wrong = ("A LION SINGS", "NO ONE HEARD THE PIANO", "TEN HENS")
    before, now = evaluated(*wrong, reference=wrong), evaluated(*TEXTS[:2], "TEN", reference=wrong)
    assert {} == stored(before).transcripts
    assert {"u2": "TEN"} == stored(now).transcripts
    (change,) = compared(now, before).changes
    assert "WAS: TEN HENS" in change


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        pytest.param({"versions": VERSIONS | {"openvino": "2025.4.0"}}, "openvino 2025.4.0, now 2026.4.1", id="older"),
        pytest.param({"versions": {"torch": "2.13.0"}}, "openvino unknown, now 2026.4.1", id="unknown version"),
        pytest.param({"model": "33" * 32}, "weights 33333333, now 11111111", id="weights"),
        pytest.param({"corpus": "33" * 32}, "other utterances", id="utterances"),
        pytest.param({"normalizer": "none"}, "normalizer none, now upper", id="normalizer"),
    ],
)
def test_a_baseline_from_another_setup_is_not_compared(changes: dict[str, object], difference: str) -> None:
    """The line names the difference, and nothing is gated."""
    found = compared(TWO, ONE, **changes)
    assert ("not compared", None) == (found.outcome, found.verdict)
    assert f"baseline of tiny on spoken, INT8: not compared: stored with {difference}" == found.line


def test_another_build_of_a_version_is_compared() -> None:
    """A build suffix such as +cpu does not make another version."""
    built = transcripts_of(ONE, model="11" * 32, corpus="22" * 32, versions=VERSIONS | {"torch": "2.13.0+cpu"})
    assert stored(ONE) == built


def test_another_kind_of_machine_is_not_compared() -> None:
    """Results depend on the instruction set and on the inference precision."""
    found = compared(TWO, ONE, VNNI)
    assert ("not compared", None) == (found.outcome, found.verdict)
    assert "not compared: stored for CPU avx512_core_vnni f32, but this run is on CPU avx2 f32" in found.line


def test_a_missing_baseline_is_reported() -> None:
    """The line names the option that stores one."""
    found = regression(ONE, stored(ONE), {}, machine=HERE)
    assert ("absent", None) == (found.outcome, found.verdict)
    assert found.line.endswith("none stored; --update-baselines stores this run's")


def test_each_kind_of_machine_has_its_own_entry(tmp_path: Path) -> None:
    """Storing on one kind of machine changes no other entry."""
    path = tmp_path / "deep" / "wer.json"
    write_transcripts(path, KEY, HERE, stored(ONE))
    write_transcripts(path, KEY, VNNI, stored(TWO))
    write_transcripts(path, "other spoken int8", HERE, stored(EQUAL))
    write_transcripts(path, KEY, HERE, stored(EQUAL))
    assert {HERE: stored(EQUAL), VNNI: stored(TWO)} == read_transcripts(path, KEY)
    assert {HERE: stored(EQUAL)} == read_transcripts(path, "other spoken int8")
    assert {} == read_transcripts(path, "nobody")


def test_the_file_is_sorted_and_stable(tmp_path: Path) -> None:
    """Any order of storing gives the same bytes, with one utterance per line."""
    entries = [(key, machine, stored(one)) for key in (KEY, "a") for machine, one in ((HERE, ONE), (VNNI, TWO))]
    shuffled = [entries[number] for number in (2, 0, 3, 1)]
    for name, order in (("one.json", entries), ("two.json", shuffled)):
        for entry in order:
            write_transcripts(tmp_path / name, *entry)
    text = (tmp_path / "one.json").read_text()
    assert text == (tmp_path / "two.json").read_text()
    assert ["one.json", "two.json"] == sorted(path.name for path in tmp_path.iterdir())
    assert 2 == sum(line.strip() == '"u1": "NO ONE HEARD A PIANO"' for line in text.splitlines())
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('"substitutions": 1', '"substitutions": 9', id="a count"),
        pytest.param("HEARD A PIANO", "HEARD PIANO", id="a transcript"),
        pytest.param("2026.4.1", "2026.4.2", id="a version"),
    ],
)
def test_a_manual_edit_is_refused(before: str, after: str, tmp_path: Path) -> None:
    """Reading and storing both fail, and the message names the entry and the option to use instead."""
    path = tmp_path / "wer.json"
    write_transcripts(path, KEY, HERE, stored(ONE))
    text = path.read_text()
    path.write_text(text.replace(before, after))
    assert text != path.read_text()
    for act in (lambda: read_transcripts(path, KEY), lambda: write_transcripts(path, KEY, VNNI, stored(TWO))):
        with pytest.raises(SuiteError, match=r"wer.json' has a checksum mismatch for tiny spoken int8, CPU avx2"):
            act()


def test_another_schema_is_refused(tmp_path: Path) -> None:
    """The message gives both versions and the next steps."""
    path = tmp_path / "wer.json"
    write_transcripts(path, KEY, HERE, stored(ONE))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 7}))
    with pytest.raises(
        SuiteError, match=r"has schema version 7, but only 1 is accepted; restore it .* --update-baselines"
    ):
        read_transcripts(path, KEY)


BROKEN = ("{", "[]", "{}", '{"schema_version": 1}', '{"schema_version": 1, "entries": {"a": 1}}')


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_file_is_reported(text: str, tmp_path: Path) -> None:
    """A file that `--update-baselines` did not write gives an error that names the next step."""
    path = tmp_path / "wer.json"
    path.write_text(text)
    with pytest.raises(SuiteError, match=r"wer\.json' cannot be read \(.*\); restore it"):
        read_transcripts(path, KEY)
