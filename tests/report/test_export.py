"""Exported folders: files, results and digests, model card."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

from tests.support.forked import environment
from tests.support.recorded_syncs import recorded_syncs
from tests.support.suite_run import ROOT
from wergate.errors import SuiteError
from wergate.evaluation.rows import IntervalRow, LogitsRow, WordErrorRow
from wergate.gates.error_shape.rows import RiseRow, ShapeRow, WorstRow
from wergate.report.export.card import Dataset, dataset
from wergate.report.export.folder import Exportable, export, folder_name, require_directory
from wergate.report.export.verify import ExportResults, verify_export
from wergate.report.redact import without_local_paths
from wergate.report.results import SCHEMA_VERSION, CpuRow, Results, Rows
from wergate.report.rows.evaluation import EvaluationRow, ExpectedRow, PairedRow, TokenRow, UnknownRow
from wergate.report.rows.uses import CorpusRow
from wergate.report.rows.verdicts import VerdictRow
from wergate.verdict import Status

CLEAN, NOISY = "embedded:clean", "ORG/NOISE:far:test"
DATASETS = {name: dataset(name, name) for name in (CLEAN, NOISY)}


UNCHANGED = RiseRow(reference=0.1, candidate=0.1, units=40, utterances=4, chance=0.0)
SHAPE = ShapeRow(
    deletions=UNCHANGED,
    insertions=UNCHANGED,
    characters=UNCHANGED,
    ranges=[],
    text_length=200,
    reference_length=200,
    candidate_length=200,
    worse=0,
    better=0,
    worst_rise=WorstRow(id="u0", value=0.0),
    worst_sqnr_db=WorstRow(id="u0", value=31.5),
)

PAIRED = PairedRow(
    drop=0.025,
    interval=IntervalRow(low=0.0, high=0.05, confidence=0.95),
    unit="utterance",
    units=4,
    method="bootstrap",
    exact=True,
    lost=1,
    gained=0,
    by_utterance=IntervalRow(low=0.0, high=0.05, confidence=0.95),
    correlation=None,
    improvement=0.0,
    resamples=10_000,
    speakers=2,
    tolerance=0.01,
    visible=0.036,
    needed=500,
    p_within=0.9,
    p_beyond=0.1,
    segments=1,
    mean=1.0,
    z=None,
    p=None,
    status=Status.PASS,
)


def words(wer: float | None, substitutions: int = 1) -> WordErrorRow:
    return WordErrorRow(wer=wer, words=40, substitutions=substitutions, deletions=0, insertions=0)


def evaluation(corpus: str, wer: float | None) -> EvaluationRow:
    logits = LogitsRow(frames=9, max_abs_delta=0.5, mean_abs_delta=0.1, sqnr_db=31.5, argmax_agreement=0.98)
    return EvaluationRow(
        model="mine",
        corpus=corpus,
        variant="int8",
        quantizer="nncf",
        engine="pytorch",
        normalizer="upper",
        utterances=4,
        audio_s=12.0,
        inference_s=1.0,
        elapsed_s=1.5,
        audio_wait_s=0.1,
        resumed=0,
        ignored_lines=0,
        resume_note=None,
        blank_note=None,
        special_note=None,
        reference=words(None if wer is None else wer - 0.025),
        candidate=words(wer),
        paired=PAIRED,
        tokens=None,
        expected=ExpectedRow(reference=None, candidate=None),
        logits=logits,
        shape=SHAPE,
        unknown=UnknownRow(characters={}, utterances=0, emptied_references=0),
        mismatches=[],
        audio_notes={},
    )


def verdict(status: Status = Status.PASS, gate: str = "wer") -> VerdictRow:
    return VerdictRow(
        test=f"accuracy/test_wer.py::test_it[mine-{CLEAN}-int8]",
        model="mine",
        corpus=CLEAN,
        gate=gate,
        subject="INT8",
        status=status,
        value=0.07 if status is Status.FAIL else 0.05,
        relation="<=",
        threshold=0.06,
        kind="accuracy",
        interval=None,
        line="INT8 wer=0.05 <= 0.06 [mine]",
    )


def run(*evaluations: EvaluationRow, status: Status = Status.PASS) -> Results:
    given = {
        "evaluations": list(evaluations) or [evaluation(CLEAN, 0.05)],
        "verdicts": [verdict(), verdict(status, gate="sqnr_db")],
    }
    return Results(
        schema_version=SCHEMA_VERSION,
        wergate="0.1.0",
        created="2026-01-02T03:04:05+00:00",
        verdict=status,
        versions={"openvino": "2026.4.1", "nncf": "absent"},
        cpu=CpuRow(model="A | CPU", isa="avx2", flags=(), cores=2),
        options={"normalizer": "upper", "inference_precision": "f32", "device": "CPU"},
        **Rows().written | given,
    )


def graph(takes: str = "input_values", gives: str = "logits,4") -> str:
    """Return a minimal XML of an IR with its names."""
    parameter = f'<layer id="0" name="x" type="Parameter"><output><port id="0" names="{takes}"></port></output></layer>'
    return f'<net>{parameter}\n<layer id="1" type="Add"><output><port id="2" names="{gives}" /></output></layer></net>'


@pytest.fixture
def source(tmp_path: Path) -> Exportable:
    """Files with the right names; no test runs them."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("model.bin", "config.json", "vocab.json", "frontend.json"):
        (folder / name).write_text(f"the content of {name}")
    (folder / "model.xml").write_text(graph())
    processor = {name: folder / name for name in ("config.json", "vocab.json")}
    return Exportable("mine", "int8", folder / "model.xml", processor, folder / "frontend.json", {})


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_export_is_ir_processor_results_and_card(source: Exportable, tmp_path: Path) -> None:
    """Names are those of optimum-intel, content is that of the store, and results contain both."""
    folder = export(source, run(), tmp_path / "out", DATASETS)
    written = content(folder)
    assert tmp_path / "out" / "mine-int8" == folder
    expected = {"openvino_model.xml", "openvino_model.bin", "config.json", "vocab.json", "results.json", "README.md"}
    assert expected == set(written)
    assert (graph().encode(), b"the content of model.bin") == (
        written["openvino_model.xml"],
        written["openvino_model.bin"],
    )
    results = verify_export(folder)
    assert ({"openvino_model.xml", "openvino_model.bin"}, Status.PASS) == (set(results.ir), results.verdict)
    assert [folder] == list((tmp_path / "out").iterdir())


def test_a_model_that_transformers_does_not_know_is_exported_with_its_labels(
    source: Exportable, tmp_path: Path
) -> None:
    """Without a config.json the frontend is exported, and the card does not mention optimum-intel."""
    folder = export(replace(source, processor_files={}), run(), tmp_path, DATASETS)
    assert {"openvino_model.xml", "openvino_model.bin", "frontend.json", "results.json", "README.md"} == set(
        content(folder)
    )
    card = (folder / "README.md").read_text()
    assert "This model has no transformers configuration, so optimum-intel's `OVModelForCTC` cannot load it" in card
    assert "OVModelForCTC.from_pretrained" not in card


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (graph(takes="speech"), "has inputs with names other than input_values and attention_mask"),
        (graph(gives="probabilities"), "has no output named logits"),
    ],
)
def test_an_ir_of_other_names_is_not_promised_to_optimum(
    xml: str, reason: str, source: Exportable, tmp_path: Path
) -> None:
    """A candidate may have other names of inputs and outputs than optimum-intel accepts."""
    source.ir.write_text(xml)
    card = (export(source, run(), tmp_path, DATASETS) / "README.md").read_text()
    assert f"This model {reason}, so optimum-intel's `OVModelForCTC` cannot load it" in card


@pytest.mark.parametrize("masked", [True, False])
def test_who_pads_is_warned(masked: bool, source: Exportable, tmp_path: Path) -> None:
    """Without a mask the card warns about padding; with one it does not."""
    mask = graph(takes="attention_mask,m")
    source.ir.write_text(graph() + mask if masked else graph())
    card = (export(source, run(), tmp_path, DATASETS) / "README.md").read_text()
    assert ("OVModelForCTC.from_pretrained" in card, "treats padding as audio" in card) == (True, not masked)


def test_only_what_a_processor_needs_goes_along(source: Exportable, tmp_path: Path) -> None:
    """Other files of a checkpoint are not exported, and an older results.json is replaced."""
    names = ("results.json", "README.md", "openvino_model.bin", "trainer_state.json", "model.safetensors", "bpe.model")
    strangers = dict.fromkeys(names, source.frontend)
    folder = export(replace(source, processor_files=source.processor_files | strangers), run(), tmp_path, DATASETS)
    assert {"config.json", "vocab.json", "bpe.model"} == set(verify_export(folder).files)
    bare = {"tokens.txt": source.frontend, "results.json": source.frontend}
    folder = export(replace(source, processor_files=bare), run(), tmp_path, DATASETS)
    assert {"tokens.txt", "frontend.json"} == set(verify_export(folder).files)


def test_a_tokenizer_of_several_languages_is_told_the_one_that_was_gated(source: Exportable, tmp_path: Path) -> None:
    """The exported tokenizer has the language of the gates."""
    config = tmp_path / "tokenizer_config.json"
    config.write_text('{"target_lang": "eng", "pad_token": "<pad>"}')
    files = source.processor_files | {config.name: config}
    for language, expected in (("ewe", "ewe"), (None, "eng")):
        folder = export(replace(source, processor_files=files, language=language), run(), tmp_path / "out", DATASETS)
        settings = json.loads((folder / config.name).read_text())
        assert {"target_lang": expected, "pad_token": "<pad>"} == settings
        verify_export(folder)


def test_a_language_model_is_left_behind(source: Exportable, tmp_path: Path) -> None:
    """The gates decode greedily, so a processor with a language model is exported without it."""
    config = tmp_path / "preprocessor_config.json"
    config.write_text('{"processor_class": "Wav2Vec2ProcessorWithLM", "do_normalize": true}')
    files = source.processor_files | {config.name: config}
    folder = export(replace(source, processor_files=files), run(), tmp_path / "out", DATASETS)
    settings = json.loads((folder / config.name).read_text())
    assert {"processor_class": "Wav2Vec2Processor", "do_normalize": True} == settings
    verify_export(folder)


@pytest.mark.parametrize("nested", [False, True], ids=["preprocessor_config", "processor_config"])
def test_a_processor_gives_the_mask_that_the_ir_asks_for(source: Exportable, tmp_path: Path, nested: bool) -> None:
    """Own IRs need a mask, so the exported processor returns one."""
    extractor = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "return_attention_mask": False}
    config = tmp_path / ("processor_config.json" if nested else "preprocessor_config.json")
    config.write_text(json.dumps({"feature_extractor": extractor} if nested else extractor))
    files = source.processor_files | {config.name: config}
    for takes_mask, xml in ((False, graph()), (True, graph() + graph(takes="attention_mask"))):
        source.ir.write_text(xml)
        folder = export(replace(source, processor_files=files), run(), tmp_path / "out", DATASETS)
        settings = json.loads((folder / config.name).read_text())
        assert (settings["feature_extractor"] if nested else settings)["return_attention_mask"] == takes_mask


def test_the_card_carries_the_results_in_the_hubs_form(source: Exportable, tmp_path: Path) -> None:
    """huggingface_hub reads a WER for each corpus, with hub names for corpora of the hub."""
    rows = (evaluation(CLEAN, 0.05), evaluation(NOISY, 0.123456), evaluation("silence", None))
    named = DATASETS | {"silence": dataset("silence", "/some/folder/silence.parquet")}
    folder = export(replace(source, base_model="ORG/MODEL"), run(*rows), tmp_path, named)
    card = ModelCard.load(folder / "README.md")
    name, results = model_index_to_eval_results(card.data.to_dict()["model-index"])
    found = [(r.dataset_type, r.dataset_config, r.dataset_split, r.metric_type, r.metric_value) for r in results]
    assert [
        ("wergate-embedded", None, "clean", "wer", 5.0),
        ("ORG/NOISE", "far", "test", "wer", 12.3456),
    ] == found
    assert ("mine int8", "upper", "ORG/MODEL") == (name, results[0].metric_args["normalizer"], card.data.base_model)
    assert (["ORG/NOISE"], "automatic-speech-recognition") == (card.data.datasets, card.data.pipeline_tag)
    assert "/some" not in str(card)


@pytest.mark.parametrize(
    ("units", "metric", "column"),
    [("phonemes", "per", "PER %"), ("subwords", "token_error_rate", "token error rate %")],
)
def test_token_errors_stand_beside_word_errors(
    units: str, metric: str, column: str, source: Exportable, tmp_path: Path
) -> None:
    """Labels that are not letters have a token error rate in metadata and table."""
    tokens = TokenRow(units=units, reference=words(0.1), candidate=words(0.125))
    row = evaluation(NOISY, 0.05).model_copy(update={"tokens": tokens})
    folder = export(source, run(row), tmp_path, DATASETS)
    card = ModelCard.load(folder / "README.md")
    assert [("wer", 5.0), (metric, 12.5)] == [(r.metric_type, r.metric_value) for r in card.data.eval_results]
    assert f"| variant | WER % | S/D/I | {column} | drop |" in str(card)
    assert "| int8 | 5.00 | 1/0/0 | 12.50 | +2.50 |" in str(card)


def test_the_card_names_the_corpus_at_its_commit(source: Exportable, tmp_path: Path) -> None:
    """The card names the evaluated commit, not the branch."""
    corpus = CorpusRow(
        model="mine",
        corpus=NOISY,
        fingerprint="f",
        utterances=4,
        available=4,
        skipped=[],
        revision="0123abcd",
        notes=[],
    )
    given = run(evaluation(NOISY, 0.05)).model_copy(update={"corpora": [corpus]})
    (result,) = ModelCard.load(export(source, given, tmp_path, DATASETS) / "README.md").data.eval_results
    assert ("ORG/NOISE", "0123abcd") == (result.dataset_type, result.dataset_revision)


def test_the_card_has_a_table_for_people(source: Exportable, tmp_path: Path) -> None:
    """The card lists WER, drop, SQNR and verdict, then gates, machine and versions."""
    text = (export(source, run(), tmp_path, DATASETS) / "README.md").read_text()
    assert "| pytorch | 2.50 | 1/0/0 |  |  |  |  |" in text
    assert "| int8 | 5.00 | 1/0/0 | +2.50 | 4/4 | 31.5 | PASS |" in text
    assert "| wer | embedded:clean | INT8 | 0.05 | <= 0.06 | PASS |" in text
    assert ("| CPU | A \\| CPU, 2 cores |" in text, "| openvino | 2026.4.1 |" in text) == (True, True)
    assert ("It **passed** its gates." in text, "nncf" in text) == (True, False)


def test_a_failed_export_says_so(source: Exportable, tmp_path: Path) -> None:
    """Card and results mark a failure."""
    folder = export(source, run(status=Status.FAIL), tmp_path, DATASETS)
    assert Status.FAIL == verify_export(folder).verdict
    text = (folder / "README.md").read_text()
    assert ("It **FAILED** its gates: sqnr_db." in text, "| 31.5 | 1 FAIL |" in text) == (True, True)


@pytest.mark.parametrize("name", ["openvino_model.xml", "openvino_model.bin", "vocab.json"])
def test_a_file_that_is_not_the_one_that_was_gated_is_found(source: Exportable, tmp_path: Path, name: str) -> None:
    """A changed byte or a missing file is detected and named."""
    folder = export(source, run(), tmp_path, DATASETS)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1] + b"?")
    with pytest.raises(SuiteError, match=rf"{name}' has SHA-256 \w+\.\.\., but results\.json was written for"):
        verify_export(folder)
    (folder / name).unlink()
    with pytest.raises(SuiteError, match=rf"{name}' is missing, but results\.json names it"):
        verify_export(folder)


def test_results_that_bind_no_ir_bind_nothing(source: Exportable, tmp_path: Path) -> None:
    """A results file without digests of an IR is rejected."""
    folder = export(source, run(), tmp_path, DATASETS)
    data = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(data | {"ir": {}}))
    with pytest.raises(SuiteError, match=r"binds \[\], not \['openvino_model.bin', 'openvino_model.xml'\]"):
        verify_export(folder)
    (folder / "results.json").write_text(json.dumps({key: data[key] for key in data if key != "ir"}))
    with pytest.raises(SuiteError, match=r"is not a results file of --export: ir: Field required"):
        verify_export(folder)


EDITS = {
    "a verdict": (
        lambda data: data["verdicts"][1].update(status="FAIL"),
        "says FAIL for sqnr_db of INT8, where 0.05 is",
    ),
    "a value": (lambda data: data["verdicts"][0].update(value=9), "says PASS for wer of INT8, where 9 is not <= 0.06"),
    "a threshold": (lambda data: data["verdicts"][0].update(threshold=0.01), "where 0.05 is not <= 0.01"),
    "a better value": (lambda data: data["verdicts"][0].update(value=0.01), "does not match the digest"),
    "an error rate": (lambda data: data["evaluations"][0]["candidate"].update(wer=0.01), "does not match the digest"),
    "no digest": (lambda data: data.pop("digest"), "does not match the digest"),
}


@pytest.mark.parametrize("name", EDITS)
def test_edited_results_are_refused(name: str, source: Exportable, tmp_path: Path) -> None:
    """Verdicts are computed again from value and threshold; any other edit no longer matches the digest."""
    edit, reason = EDITS[name]
    path = export(source, run(), tmp_path, DATASETS) / "results.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))
    with pytest.raises(SuiteError, match=rf"results\.json' .*{reason}.*; export again"):
        verify_export(path.parent)


def test_a_failed_run_that_says_pass_is_refused(source: Exportable, tmp_path: Path) -> None:
    """The verdict on the run cannot be better than those of its gates."""
    path = export(source, run(status=Status.FAIL), tmp_path, DATASETS) / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"verdict": "PASS"}))
    with pytest.raises(SuiteError, match="says PASS, but sqnr_db of INT8 says FAIL"):
        verify_export(path.parent)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("| int8 | 5.00 |", "| int8 | 1.00 |", "does not have the tables"),
        ("| 0.05 | <= 0.06 | PASS |", "| 0.01 | <= 0.06 | PASS |", "does not have the tables"),
        ("value: 5.0", "value: 1.0", "has error rates in its metadata that are not those"),
    ],
)
def test_a_card_with_other_figures_is_refused(
    old: str, new: str, reason: str, source: Exportable, tmp_path: Path
) -> None:
    """A card may be longer than the suite wrote it, but its figures are those of the results."""
    card = export(source, run(), tmp_path, DATASETS) / "README.md"
    text = card.read_text()
    assert old in text
    card.write_text(f"{text}\n## Licence\n\nFree.\n")
    verify_export(card.parent)
    card.write_text(text.replace(old, new))
    with pytest.raises(SuiteError, match=rf"README\.md' {reason} of results\.json; restore the figures, or export"):
        verify_export(card.parent)


def test_the_command_verifies_in_one_line(source: Exportable, tmp_path: Path) -> None:
    """`python -m wergate.export` prints OK with exit code 0, or the difference with exit code 1."""
    folder = export(source, run(), tmp_path, DATASETS)

    def verified() -> tuple[int, str]:
        command = [sys.executable, "-m", "wergate.export", str(folder)]
        path = {"PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(command, env=environment() | path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert (0, f"OK '{folder}': mine int8, gates PASS, 4 files match\n") == verified()
    (folder / "openvino_model.bin").write_bytes(b"another")
    code, line = verified()
    assert (1, 1) == (code, line.count("\n"))
    assert line.startswith(f"DIFFERS '{folder}/openvino_model.bin' has SHA-256 ")


def test_an_ir_that_changed_since_it_was_gated_is_not_exported(source: Exportable, tmp_path: Path) -> None:
    """Digests from the gates are compared with those of the copy; a mismatch leaves no files."""
    with pytest.raises(SuiteError, match=r"model\.bin' of mine int8 is not the file that was gated"):
        export(replace(source, digests={".bin": "0" * 64}), run(), tmp_path / "out", DATASETS)
    assert [] == list((tmp_path / "out").iterdir())


def test_an_earlier_export_is_replaced_whole(source: Exportable, tmp_path: Path) -> None:
    """A second export replaces all files of the first."""
    first = export(
        replace(source, processor_files=source.processor_files | {"added_tokens.json": source.frontend}),
        run(),
        tmp_path,
        DATASETS,
    )
    assert (first / "added_tokens.json").exists()
    source.ir.write_text("another IR")
    second = export(source, run(), tmp_path, DATASETS)
    assert (first, b"another IR") == (second, content(second)["openvino_model.xml"])
    assert not (second / "added_tokens.json").exists()
    verify_export(second)


def test_an_export_is_synced_before_it_is_renamed(source: Exportable, tmp_path: Path) -> None:
    """All of its files, then its folder, then the directory that it is in."""
    with recorded_syncs() as record:
        folder = export(source, run(), tmp_path / "out", DATASETS)
    events = record.of(tmp_path / "out")
    at = events.index(("rename", folder.name))
    synced = {Path(path).name for kind, path in events[:at] if kind == "sync"}
    assert {path.name for path in folder.iterdir()} <= synced
    assert [("sync", ".")] == events[at + 1 :]


def make_stranger(folder: Path) -> str:
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    return "is not an export of this suite"


def make_file(folder: Path) -> str:
    folder.write_text("years of work")
    return "is not an export of this suite"


def make_another_models(folder: Path) -> str:
    folder.mkdir()
    results = ExportResults(**run().model_dump(), model="m:ine", variant="int8", ir={}, files={})
    (folder / "results.json").write_text(results.model_dump_json())
    return "is the export of m:ine int8"


def make_ours_with_more(folder: Path) -> str:
    make_another_models(folder)
    results = ExportResults(**run().model_dump(), model="mine", variant="int8", ir={}, files={})
    (folder / "results.json").write_text(results.model_dump_json())
    (folder / ".git").mkdir()
    return "holds '.git', which no export wrote"


@pytest.mark.parametrize("make", [make_stranger, make_file, make_another_models, make_ours_with_more])
def test_what_is_not_an_earlier_export_is_never_overwritten(make, source: Exportable, tmp_path: Path) -> None:  # noqa: ANN001
    """A foreign folder, a file, an export of another model, or an export with extra files is not touched."""
    target = tmp_path / "mine-int8"
    reason = make(target)
    before = content(tmp_path)
    with pytest.raises(SuiteError, match=rf"export folder '{target}' {reason}; only an earlier export of mine int8"):
        export(source, run(), tmp_path, DATASETS)
    assert before == content(tmp_path)


def test_a_failing_copy_leaves_the_earlier_export(source: Exportable, tmp_path: Path) -> None:
    """A missing source leaves an existing export intact."""
    folder = export(source, run(), tmp_path / "out", DATASETS)
    before = content(folder)
    source.ir.with_suffix(".bin").unlink()
    with pytest.raises(SuiteError, match=r"mine-int8' cannot be written: No such file"):
        export(source, run(), tmp_path / "out", DATASETS)
    assert (before, [folder]) == (content(folder), list((tmp_path / "out").iterdir()))


def test_an_export_directory_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A file, or a folder inside a file, is rejected before the run; a missing folder is fine."""
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SuiteError, match=rf"'{tmp_path}/file' is a file; name a folder with --export DIR"):
            require_directory(directory)
    require_directory(tmp_path / "yet" / "to" / "be")


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("mine", "mine-int8"),
        ("ORG/NAME@v1.0", "ORG-NAME-v1.0-int8"),
        ("../..", "model-int8"),
        ("model.onnx", "model.onnx-int8"),
    ],
)
def test_a_folder_name_never_leaves_the_directory(named: str, expected: str) -> None:
    """Characters that a folder name cannot have become dashes."""
    assert expected == folder_name(named, "int8")


def test_local_paths_are_not_published(tmp_path: Path) -> None:
    """Local paths are cut to their last component, also in ids and lines; hub ids stay."""
    folder = tmp_path / "secret" / "mine"
    folder.mkdir(parents=True)
    options = {"models": [str(folder), "ORG/NAME"], "cache_dir": str(tmp_path / "secret")}
    row = verdict().model_copy(update={"model": str(folder), "line": f"INT8 wer=0.05 [{folder}]"})
    variables = {"LD_LIBRARY_PATH": f"{folder}:/opt/lib", "OMP_NUM_THREADS": "2"}
    updated = {"options": options, "verdicts": [row], "environment": variables}
    cleaned = without_local_paths(run().model_copy(update=updated))
    assert {"LD_LIBRARY_PATH": "mine:lib", "OMP_NUM_THREADS": "2"} == cleaned.environment
    assert {"models": ["mine", "ORG/NAME"], "cache_dir": "secret"} == cleaned.options
    assert ("mine", "INT8 wer=0.05 [mine]") == (cleaned.verdicts[0].model, cleaned.verdicts[0].line)
    assert str(tmp_path) not in cleaned.model_dump_json()


@pytest.mark.parametrize(
    ("name", "spec", "expected"),
    [
        (CLEAN, CLEAN, Dataset("wergate-embedded", CLEAN, split="clean")),
        ("tests", "ORG/NAME", Dataset("ORG/NAME", "tests")),
        ("tests", "ORG/NAME:c:s@abc", Dataset("ORG/NAME", "tests", "c", "s", "abc")),
        ("/a/b.parquet", "/a/b.parquet", Dataset("b", "b")),
        ("calls", "./recordings", Dataset("calls", "calls")),
    ],
)
def test_a_corpus_is_called_what_the_hub_calls_it(name: str, spec: str, expected: Dataset) -> None:
    """Local corpora appear with their name only."""
    assert expected == dataset(name, spec)
