"""Run folders made of generated transcripts, for the tests of the page: no model is needed."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import soundfile

from tests.support.variants import make_variant
from wergate.config.thresholds import Thresholds
from wergate.corpora.corpus import Corpus
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.evaluation.rows import IntervalRow
from wergate.gates.accuracy import logits_verdicts, mismatch_verdict
from wergate.gates.wer import wer_verdict
from wergate.networks.logits import LogitsDifference
from wergate.report.results import SCHEMA_VERSION, CpuRow, Results, Rows
from wergate.report.rows.ending import EndingRow
from wergate.report.rows.evaluation import evaluation_row
from wergate.report.rows.uses import CorpusRow, ModelRow
from wergate.report.rows.verdicts import VerdictRow, verdict_row
from wergate.report.run_folder.audio import Clip, peaks
from wergate.report.run_folder.folder import RunFolder, write_run
from wergate.report.run_folder.rounds import RoundRow
from wergate.report.run_folder.utterances import UtteranceRow, merged, utterance_rows
from wergate.timing.rows import BenchmarkRow, RatioRow
from wergate.verdict import Status

RATE = 16_000
WORDS = (
    "THE",
    "BROKEN",
    "RADIO",
    "NEAR",
    "A",
    "LIBRARY",
    "IS",
    "DIRTY",
    "CAPTAIN",
    "SWAM",
    "AGAIN",
    "SEVEN",
    "TURTLES",
)
CORPORA = ("speech:clean", "speech:other")
STRICT = {"wer_drop_max": 0.01, "mismatch_rate_max": 0.3, "sqnr_db_min": 20.0, "length_delta_max": 1.0,
          "size_ratio_max": 1.0, "length_ratio_min": 0.9, "length_ratio_max": 1.1}  # fmt: skip
Texts = tuple[str, str, str]


@dataclass(frozen=True)
class Made:
    """A generated run.

    Attributes:
        folder: its run folder.
        results: its results.
        utterances: its utterances.
    """

    folder: Path
    results: Results
    utterances: Sequence[UtteranceRow]
    seconds: Mapping[str, float] = field(default_factory=dict)


def texts(count: int, damage: float, seed: int) -> list[Texts]:
    """Return reference texts, and what two recognizers wrote; the second errs more often."""
    source = random.Random(seed)  # noqa: S311 - test data
    found = []
    for _ in range(count):
        said = [source.choice(WORDS) for _ in range(source.randint(4, 14))]
        first = _damaged(said, 0.08, source)
        second = first if source.random() < 0.5 else _damaged(said, damage, source)
        found.append((" ".join(said), " ".join(first), " ".join(second)))
    return found


def _damaged(said: Sequence[str], rate: float, source: random.Random) -> list[str]:
    written: list[str] = []
    for word in said:
        draw = source.random() / rate
        if draw < 0.5:
            written.append(word[:-1] + "O" if len(word) > 1 else "OH")
        elif draw < 0.75:
            continue
        else:
            written += [word, "UH"] if draw < 1 else [word]
    return written


def evaluation(corpus: str, given: Sequence[Texts], *, name: str, ids: Sequence[str]) -> Evaluation:
    """Return an evaluation of generated transcripts; FP16 writes what the reference writes."""
    variant = make_variant(cast("Any", name), thresholds=Thresholds(**cast("Any", STRICT)))
    outcomes = tuple(
        UtteranceOutcome(
            id_,
            1.0 + 0.25 * (number % 40),
            said,
            first,
            first if name == "fp16" else second,
            LogitsDifference(
                50, 50, 0.1, 1.0, signal=100.0, noise=0.4 + 0.01 * (number % 30), flipped_frames=number % 5
            ),
        )
        for number, (id_, (said, first, second)) in enumerate(zip(ids, given, strict=True))
    )
    return Evaluation(variant, corpus, "pytorch", "upper", outcomes, limited=False)


def verdicts(found: Evaluation) -> list[VerdictRow]:
    """Return the verdicts on an evaluation."""
    made = (wer_verdict(found, min_words=10), mismatch_verdict(found), *logits_verdicts(found))
    test = f"accuracy/test_wer.py::test_it[{found.variant.name}]"
    return [verdict_row(verdict, test=test, model="tiny", corpus=found.corpus) for verdict in made]


def make_run(
    folder: Path,
    *,
    count: int = 40,
    damage: float = 0.3,
    audio: bool = True,
    given: Sequence[Texts] | None = None,
    ids: Sequence[str] | None = None,
    command: Sequence[str] = ("pytest", "accuracy/"),
) -> Made:
    """Write a run of FP16 and INT8 on two corpora, with speed-ups and latencies.

    Args:
        damage: share of words that INT8 gets wrong in every second utterance.
        given: texts of the first corpus in place of generated ones.
        ids: their ids.
    """
    with patch("wergate.evaluation.evaluation.headline_wer", return_value=None):  # torchmetrics loads for many seconds
        return _make_run(folder, count, damage, audio, given, ids, command)


def _make_run(folder: Path, count: int, damage: float, audio: bool, given: Any, ids: Any, command: Any) -> Made:
    evaluations = []
    for number, corpus in enumerate(CORPORA):
        own = list(given) if given and not number else texts(count, damage, number)
        named = list(ids) if ids and not number else [f"{corpus[7:]}-{i:05d}" for i in range(len(own))]
        evaluations += [evaluation(corpus, own, name=name, ids=named) for name in ("fp16", "int8")]
    nobody = cast("Corpus", SimpleNamespace(speaker_of={}, digests={}))
    utterances = merged(utterance_rows(found, nobody) for found in evaluations)
    rows = [row for found in evaluations for row in verdicts(found)]
    failed = any(row.status is Status.FAIL for row in rows)
    timing, rounds = timings()
    given_rows = {
        "evaluations": [
            evaluation_row(found, quantizer="nncf", expected_wer={}, status=verdicts(found)[0].status)
            for found in evaluations
        ],
        "verdicts": [*rows, *speed_verdicts(timing["ratios"])],
        "models": [_model_row()],
        "corpora": [_corpus_row(found) for found in evaluations[::2]],
        **timing,
    }  # fmt: skip
    ending = EndingRow(exit_code=10 if failed else 0, command=list(command), commit="0123456789ab")
    results = _results(given_rows, Status.FAIL if failed else Status.PASS, ending)
    kept, clips = recordings(utterances) if audio else ([_without(row) for row in utterances], [])
    write_run(RunFolder(folder, results, kept, rounds), clips)
    return Made(folder, results, kept, {row.id: row.duration_s for row in kept})


def _results(rows: Mapping[str, Any], verdict: Status, ending: EndingRow) -> Results:
    return Results(
        schema_version=SCHEMA_VERSION,
        wergate="0.1.0",
        created="2026-01-02T03:04:05+00:00",
        verdict=verdict,
        ending=ending,
        versions={"openvino": "2026.4.1"},
        cpu=CpuRow(model="A CPU", isa="avx2", flags=(), cores=2),
        options={"normalizer": "upper", "device": "CPU"},
        **Rows().written | rows,
    )


def _model_row() -> ModelRow:
    return ModelRow(
        model="tiny", spec="tiny", engine="pytorch", digest="0" * 64, revision=None, quantizer="nncf", notes=[]
    )


def _corpus_row(found: Evaluation) -> CorpusRow:
    size = len(found.outcomes)
    return CorpusRow(
        model="tiny", corpus=found.corpus, fingerprint="1" * 64, utterances=size, available=size, skipped=[],
        revision=None, notes=[],
    )  # fmt: skip


def _without(row: UtteranceRow) -> UtteranceRow:
    return row.model_copy(update={"no_audio": "this run keeps no recordings"})


def recordings(rows: Sequence[UtteranceRow]) -> tuple[list[UtteranceRow], list[Clip]]:
    """Return utterances with tones as recordings, one for each duration."""
    made: dict[float, Clip] = {}
    for duration_s in sorted({row.duration_s for row in rows}):
        times = np.arange(int(RATE * duration_s)) / RATE
        samples = (0.3 * np.sin(2 * np.pi * 220 * times) * np.sin(3 * times) ** 2).astype(np.float32)
        buffer = io.BytesIO()
        soundfile.write(buffer, samples, RATE, format="MP3", compression_level=0.9, bitrate_mode="VARIABLE")
        made[duration_s] = Clip(f"{round(1000 * duration_s):08d}.mp3", buffer.getvalue(), peaks(samples))
    heard = [
        row.model_copy(update={"audio": made[row.duration_s].name, "peaks": made[row.duration_s].peaks}) for row in rows
    ]
    return heard, list(made.values())


def timings() -> tuple[dict[str, list[Any]], list[RoundRow]]:
    """Return two speed-ups, latencies of three recognizers, and their calls."""
    source = np.random.default_rng(0)
    rounds: list[RoundRow] = []
    benchmarks, ratios = [], []
    for name, ms in (("pytorch", 30.0), ("fp16", 12.0), ("int8", 6.0)):
        times_ms = ms * source.lognormal(0, 0.05, 120)
        label, test = f"{name} 5 s", f"benchmarks/test_latency.py::test_latency[{name}]"
        benchmarks.append(
            BenchmarkRow(
                test=test, group="latency", model="tiny", name=label, rounds=120, median_ms=float(np.median(times_ms)),
                min_ms=float(times_ms.min()), max_ms=float(times_ms.max()), iqr_ms=1.0, rtfx=5000 / ms,
                noise=["NOISY: load"] if name == "fp16" else [],
            )
        )  # fmt: skip
        rounds += [
            RoundRow(kind="benchmark", test=test, model="tiny", name=label, side=label, round=n, ms=round(float(t), 4))
            for n, t in enumerate(times_ms)
        ]
    for slow, ratio in (("fp16", 2.0), ("pytorch", 5.0)):
        interval = IntervalRow(low=0.96 * ratio, high=1.05 * ratio, confidence=0.99)
        ratios.append(
            RatioRow(model="tiny", duration_s=5.0, fast="int8", slow=slow, ratio=ratio, interval=interval, rounds=40,
                     fast_ms=6.0, slow_ms=6 * ratio, compilations=5)
        )  # fmt: skip
        rounds += [
            _ratio_round(f"int8 over {slow} 5 s", side, block, call, 6 * scale * float(source.lognormal(0, 0.02)))
            for block in range(20)
            for side, scale in (("int8", 1.0), (slow, ratio))
            for call in range(2)
        ]
    return {"benchmarks": benchmarks, "ratios": ratios}, rounds


def _ratio_round(name: str, side: str, block: int, call: int, ms: float) -> RoundRow:
    return RoundRow(
        kind="ratio", test="t", model="tiny", name=name, side=side, round=2 * block + call, ms=round(ms, 4),
        compilation=block // 4, block=block, void=block == 3,
    )  # fmt: skip


def speed_verdicts(ratios: Sequence[RatioRow]) -> list[VerdictRow]:
    """Return the verdict on each speed-up."""
    return [
        VerdictRow(
            test="benchmarks/test_speedup.py::test_speedup", model="tiny", corpus=None, gate=f"speedup_over_{row.slow}",
            subject="INT8", status=Status.PASS, value=row.ratio, relation=">=", threshold=1.2, kind="latency",
            interval=row.interval, line=f"INT8 speedup_over_{row.slow}={row.ratio:.4g} >= 1.2 [tiny, 5 s]",
        )
        for row in ratios
    ]  # fmt: skip


def make_large_run(folder: Path, *, utterances: int, audio_mb: float) -> Path:
    """Write a run of many utterances, with bytes in place of as much audio as the budget takes."""
    small = make_run(folder, count=400, audio=False)
    base = [row for row in small.utterances if row.corpus == CORPORA[0]]
    source = random.Random(3)  # noqa: S311 - test data
    ids = [f"clean-{number:05d}" for number in range(utterances)]
    found = evaluation(CORPORA[0], texts(utterances, 0.3, 3), name="int8", ids=ids)
    with patch("wergate.evaluation.evaluation.headline_wer", return_value=None):
        rows = utterance_rows(found, cast("Corpus", SimpleNamespace(speaker_of={}, digests={})))
    size = 3000 * 12
    clips = [Clip(f"{number:08d}.mp3", source.randbytes(size), []) for number in range(int(audio_mb * 1e6) // size)]
    for number, row in enumerate(rows):
        fp16 = {"fp16": base[number % len(base)].variants["fp16"]}
        peaks_of = [source.randint(0, 999) for _ in range(200)] if number < len(clips) else None
        audio = {"audio": clips[number].name, "peaks": peaks_of} if number < len(clips) else {}
        rows[number] = row.model_copy(update={"variants": fp16 | row.variants, **audio})
    write_run(replace(RunFolder(folder, small.results), utterances=rows), clips)
    return folder
