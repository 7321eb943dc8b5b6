"""results.json, checked against its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.suite_run import Warm
from wergate.errors import SuiteError
from wergate.report.results import SCHEMA_FILE, CpuRow, Results, Rows, alteration, read_results, schema, write_results


def test_the_committed_schema_is_that_of_the_code() -> None:
    """A change of rows needs a regenerated schema."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema()


def test_a_real_run_is_valid(warm: Warm) -> None:
    """The results of a complete run match the committed schema."""
    jsonschema.validate(warm.cold.results, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("key", ["verdict", "versions", "artifacts", "evaluations"])
def test_the_schema_misses_what_is_missing(key: str, warm: Warm) -> None:
    """Results with a missing part are invalid."""
    poorer = {name: value for name, value in warm.cold.results.items() if name != key}
    with pytest.raises(jsonschema.ValidationError, match=key):
        jsonschema.validate(poorer, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def test_what_a_result_depends_on_is_there(warm: Warm) -> None:
    """Versions, CPU with its instruction set, and the options with the inference precision."""
    results = warm.cold.results
    assert {"openvino", "nncf", "torch", "transformers"} <= {n for n, v in results["versions"].items() if v != "absent"}
    assert results["cpu"]["isa"]
    assert results["cpu"]["cores"] >= 1
    assert ("f32", "CPU") == (results["options"]["inference_precision"], results["options"]["device"])
    assert results["options"]["thresholds"]["int8"]["wer_drop_max"] == 1.0


def test_word_errors_are_whole(warm: Warm) -> None:
    """Each evaluation has counts that add up to its WER, on all utterances and words."""
    rows = warm.cold.results["evaluations"]
    assert ["fp16", "int8"] == sorted(row["variant"] for row in rows)
    for row in rows:
        assert (4, 12) == (row["utterances"], row["reference"]["words"])
        for side in (row["reference"], row["candidate"]):
            errors = side["substitutions"] + side["deletions"] + side["insertions"]
            assert side["wer"] == pytest.approx(errors / side["words"])


def test_every_verdict_has_its_numbers(warm: Warm) -> None:
    """Status, value, threshold and the sentence for people; all gates of both precisions are there."""
    rows = warm.cold.results["verdicts"]
    assert {"PASS"} == {row["status"] for row in rows}
    assert all(row["line"].startswith(f"{row['subject']} {row['gate']}=") for row in rows)
    gates = {row["gate"] for row in rows}
    assert {"wer", "transcript_mismatch_rate", "sqnr_db", "argmax_agreement", "int8_work", "size_ratio"} <= gates
    assert "length_max_abs_delta" in gates


def minimal() -> Results:
    """Return the results of a run that did nothing."""
    return Results(
        schema_version=5,
        wergate="0",
        created="now",
        verdict="PASS",
        versions={},
        cpu=CpuRow(model="x", isa="y", flags=(), cores=1),
        options={},
        **Rows().written,
    )


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """An old file is replaced, and no temporary file remains."""
    path = tmp_path / "results.json"
    path.write_text("old")
    write_results(minimal(), path)
    assert "now" == json.loads(path.read_text())["created"]
    assert [path] == list(tmp_path.iterdir())


def test_edited_results_are_refused(tmp_path: Path) -> None:
    """A reader takes a file as it was written, and refuses it after an edit."""
    path = tmp_path / "results.json"
    write_results(minimal(), path)
    assert "now" == read_results(path).created
    path.write_text(path.read_text().replace("now", "then"))
    with pytest.raises(SuiteError, match=r"results '.*': the file does not match the digest .*; write a new one with"):
        read_results(path)


def test_verdicts_of_a_real_run_follow_from_their_numbers(warm: Warm) -> None:
    """Nothing contradicts the results of a run."""
    text = json.dumps(warm.cold.results).encode()
    assert alteration(text, Results.model_validate_json(text)) is None


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """One line with the file and the reason."""
    with pytest.raises(SuiteError, match=r"results file '.*' cannot be written: .*correct --results"):
        write_results(minimal(), tmp_path / "absent" / "results.json")
