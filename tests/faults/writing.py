"""Workloads on files of people: transcripts, baselines, results, exported folders, run folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.faults.workload import Progress, Workload, require
from wergate.evaluation.transcript_file import Line, TranscriptFile
from wergate.gates import ir
from wergate.gates.wer_baseline import StoredCounts, StoredTranscripts, read_transcripts, write_transcripts
from wergate.networks.logits import LogitsDifference
from wergate.report.export.folder import Exportable, export
from wergate.report.export.verify import verify_export
from wergate.report.results import SCHEMA_VERSION, CpuRow, Results, Rows, read_results, write_results
from wergate.report.run_folder.audio import Clip
from wergate.report.run_folder.folder import RunFolder, read_run, require_folder, write_run
from wergate.report.run_folder.utterances import TranscriptRow, UtteranceRow
from wergate.verdict import Status

_LOGITS = LogitsDifference(9, 50, 0.1, 1.0, signal=100.0, noise=0.4, flipped_frames=1)
_LINE = Line(
    model="tiny",
    corpus="speech:clean",
    recognizer="int8",
    id="",
    duration_s=1.0,
    reference="THE BROKEN RADIO",
    hypothesis="THE BROKEN RADIO",
    seconds=0.1,
    logits=_LOGITS,
    notes=(),
    ir="0" * 32,
    key="1" * 32,
    corpus_key="2" * 16,
    audio="3" * 64,
)
BLOCKS = [[replace(_LINE, id=f"u{block}-{n}") for n in range(3)] for block in range(4)]
_BEFORE, _APPENDED = BLOCKS[0], BLOCKS[1:]
_CPU = CpuRow(model="A CPU", isa="avx2", flags=(), cores=2)


def _transcripts(folder: Path) -> TranscriptFile:
    return TranscriptFile(folder / "transcripts.jsonl")


def _ids(folder: Path) -> list[str]:
    lines = list(_transcripts(folder).lines())
    require(None not in lines, "I2", "a line of the transcripts cannot be parsed")
    expected = {line.id: line for block in BLOCKS for line in block}
    for line in lines:
        require(line and line == expected.get(line.id), "I1", "a transcript differs from the one that was appended")
    return [line.id for line in lines if line]


def _append(folder: Path, progress: Progress) -> None:
    file = _transcripts(folder)
    known = set(_ids(folder))
    for step, block in enumerate(_APPENDED, 1):
        missing = [line for line in block if line.id not in known]
        if missing:
            file.append(missing)
        progress.done(step)
    file.sync()
    progress.done(len(_APPENDED) + 1)


def _check_lines(folder: Path, steps: int, before: int) -> None:
    order = [line.id for block in (*BLOCKS[:before], *_APPENDED) for line in block]
    found, block = _ids(folder), len(BLOCKS[0])
    require(found == order[: len(found)], "I2", f"lines are not a prefix of those that were appended: {found}")
    acknowledged, written = (block * (before + min(n, len(_APPENDED))) for n in (steps, steps + 1))
    require(len(found) >= acknowledged, "I3", f"{acknowledged} lines were acknowledged, and {len(found)} are left")
    require(len(found) <= written, "I2", f"{len(found)} lines, but at most {written} were written")


def _check_cut_lines(folder: Path, steps: int, least: int, before: int) -> None:
    """Require the lines that were synced, and of the others whole ones; a power cut may keep a later line alone."""
    order = [line.id for block in (*BLOCKS[:before], *_APPENDED) for line in block]
    found, block = _ids(folder), len(BLOCKS[0])
    synced = order[: block * (before + least)]
    require(found[: len(synced)] == synced, "I3", f"{len(synced)} lines were synced, and {found} are left")
    require(set(found) <= set(order[: block * (before + steps + 1)]), "I2", f"unexpected lines: {found}")


def _require_all_lines(folder: Path, before: int) -> None:
    expected = sorted(line.id for block in (*BLOCKS[:before], *_APPENDED) for line in block)
    require(sorted(_ids(folder)) == expected, "I5", "the next run did not append what was missing, once")


def _synced_lines(steps: int) -> int:
    """Return how many blocks must survive a power cut: the first one, and all of them after `sync`."""
    return steps if steps > len(_APPENDED) else min(steps, 1)


def _stored(step: int) -> StoredTranscripts:
    counts = StoredCounts(words=40, substitutions=step, deletions=0, insertions=0)
    return StoredTranscripts(
        model="0" * 64, corpus="1" * 64, normalizer="upper", versions={}, counts=counts, transcripts={"u": "A" * 200}
    )


def _update_baselines(folder: Path, progress: Progress) -> None:
    for step in (1, 2):
        write_transcripts(folder / "baselines" / "wer.json", "tiny", "avx2", _stored(step))
        ir.write_baseline(folder / "baselines" / "graph.json", "tiny", {"layers": step})
        progress.done(step)


def _baselines_before(folder: Path) -> None:
    write_transcripts(folder / "baselines" / "wer.json", "tiny", "avx2", _stored(0))
    ir.write_baseline(folder / "baselines" / "graph.json", "tiny", {"layers": 0})


def _check_baselines(folder: Path, steps: int) -> None:
    wer = read_transcripts(folder / "baselines" / "wer.json", "tiny").get("avx2")
    graph = dict(ir._read(folder / "baselines" / "graph.json").get("tiny", {})).get("layers")
    allowed = [(steps, steps), (steps + 1, steps), (steps + 1, steps + 1)]
    found = (wer.counts.substitutions if wer else None, graph)
    require(found in allowed, "I4", f"after {steps} updates the baselines have the states {found}")


def results(step: int) -> Results:
    """Return results that differ by a number."""
    return Results(
        schema_version=SCHEMA_VERSION,
        wergate="0.1.0",
        created="2026-01-02T03:04:05+00:00",
        verdict=Status.PASS,
        versions={},
        cpu=_CPU,
        options={"step": step},
        **Rows().written,
    )


def _write_results(folder: Path, progress: Progress) -> None:
    for step in (1, 2):
        write_results(results(step), folder / "results.json")
        progress.done(step)


def _check_results(folder: Path, steps: int) -> None:
    step = read_results(folder / "results.json").options["step"]
    require(step in {steps, steps + 1}, "I4", f"after {steps} writes the results are those of step {step}")


def _source(folder: Path, step: int) -> Exportable:
    source = folder / f"source{step}"
    files = {name: source / name for name in ("config.json", "vocab.json")}
    return Exportable("mine", "int8", source / "model.xml", files, source / "frontend.json", {})


def _sources(folder: Path) -> None:
    for step in (0, 1):
        (folder / f"source{step}").mkdir()
        for name in ("model.xml", "model.bin", "config.json", "vocab.json", "frontend.json"):
            (folder / f"source{step}" / name).write_text(f"{name} of {step}\n" * 40)


def _exported_before(folder: Path) -> None:
    _sources(folder)
    export(_source(folder, 0), results(0), folder / "out", {})


def _export(folder: Path, progress: Progress) -> None:
    export(_source(folder, 1), results(1), folder / "out", {})
    progress.done(1)


def _check_first_export(folder: Path, steps: int) -> None:
    target = folder / "out" / "mine-int8"
    if target.exists() or steps:
        _require_export(folder, 1)


def _check_export(folder: Path, steps: int) -> None:
    found = verify_export(folder / "out" / "mine-int8").options["step"]
    require(found in {steps, 1}, "I4", f"after {steps} exports the folder is that of {found}")
    _require_export(folder, int(str(found)))


def _require_export(folder: Path, step: int) -> None:
    target = folder / "out" / "mine-int8"
    verify_export(target)
    for name, original in (("openvino_model.bin", "model.bin"), ("vocab.json", "vocab.json")):
        same = (target / name).read_bytes() == (folder / f"source{step}" / original).read_bytes()
        require(same, "I1", f"{name} of the export differs from its source")


def _final_export(folder: Path) -> None:
    _check_export(folder, 1)
    left = sorted(path.name for path in (folder / "out").iterdir())
    require(left == ["mine-int8"], "I5", f"an export left {left}")


def _run(folder: Path, step: int) -> tuple[RunFolder, list[Clip]]:
    said = TranscriptRow(text="A", alignment="E", substitutions=0, deletions=0, insertions=0)
    rows = [
        UtteranceRow(
            model="tiny", corpus="c", id=f"u{n}", duration_s=1.0, text=f"TEXT {step}", reference=said, variants={}
        )
        for n in range(3)
    ]
    clips = [Clip(f"{n:08d}-{step}.mp3", bytes([step]) * 3000, []) for n in range(2)]
    return RunFolder(folder / "run", results(step), rows), clips


def _write_run(folder: Path, progress: Progress) -> None:
    require_folder(folder / "run")
    write_run(*_run(folder, 1))
    progress.done(1)


def _run_before(folder: Path) -> None:
    write_run(*_run(folder, 0))


def _check_first_run(folder: Path, steps: int) -> None:
    if steps or (folder / "run" / "results.json").exists():
        _require_run(folder, 1)


def _check_run(folder: Path, steps: int) -> None:
    if not steps and not (folder / "run" / "results.json").exists():
        return  # a run that was killed while it replaced another one: it reads as no run, and never as a mixed one
    step = int(str(read_run(folder / "run").results.options["step"]))
    require(step in {steps, 1}, "I4", f"after {steps} runs the folder is that of {step}")
    _require_run(folder, step)


def _require_run(folder: Path, step: int) -> None:
    found = read_run(folder / "run")
    texts = {row.text for row in found.utterances}
    require(texts == {f"TEXT {step}"}, "I4", f"results of step {step} are next to utterances with {texts}")
    names = {path.name for path in (folder / "run" / "audio").iterdir()}
    require(names == {f"{n:08d}-{step}.mp3" for n in range(2)}, "I4", f"the recordings of step {step} are {names}")
    for name in names:
        require(found.audio(name) == bytes([step]) * 3000, "I1", f"recording {name} has other bytes")


def _final_run(folder: Path) -> None:
    _require_run(folder, 1)


def _none(_: Path) -> None:
    """A folder with nothing before."""


WRITING = (
    Workload(
        "transcripts: append",
        lambda folder: _transcripts(folder).append(_BEFORE),
        _append,
        lambda folder, steps: _check_lines(folder, steps, 1),
        lambda folder: _require_all_lines(folder, 1),
        after_cut=lambda folder, steps, least: _check_cut_lines(folder, steps, least, 1),
        synced=_synced_lines,
    ),
    Workload(
        "transcripts: first append",
        _none,
        _append,
        lambda folder, steps: _check_lines(folder, steps, 0),
        lambda folder: _require_all_lines(folder, 0),
        after_cut=lambda folder, steps, least: _check_cut_lines(folder, steps, least, 0),
        synced=_synced_lines,
    ),
    Workload("baselines: update", _baselines_before, _update_baselines, _check_baselines,
             lambda folder: _check_baselines(folder, 2)),
    Workload("results: replace", lambda folder: write_results(results(0), folder / "results.json"), _write_results,
             _check_results, lambda folder: _check_results(folder, 2)),
    Workload("export: first", _sources, _export, _check_first_export, _final_export),
    Workload("export: replace", _exported_before, _export, _check_export, _final_export),
    Workload("run folder: first", _none, _write_run, _check_first_run, _final_run),
    Workload("run folder: replace", _run_before, _write_run, _check_run, _final_run),
)  # fmt: skip
