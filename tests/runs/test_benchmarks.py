"""Benchmarks as a user runs them: the stored baseline, valid comparisons, and wrong answers."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wergate
from fixtures.benchmarks.digest import require_unedited, signed
from fixtures.benchmarks.machine import baseline_name, comparison_line
from tests.support.suite_run import Run, run
from tests.support.tiny import Tiny
from wergate.corpora.corpus import open_corpus
from wergate.corpora.sources.opening import parse_corpus_specs
from wergate.corpora.waveforms import excerpt
from wergate.timing.gates import output_verdict, same_work_verdict, speedup_verdict, transcript_verdict
from wergate.timing.memory import peak_rss_bytes
from wergate.timing.paired import Paired
from wergate.verdict import Interval, Status, Verdict

BASELINES = Path(__file__).parents[2] / "benchmarks" / "baselines"
WRONG_ANSWER = """
from wergate.recognizers.openvino import OpenVinoRecognizer

right = OpenVinoRecognizer.logits
OpenVinoRecognizer._settle = lambda self: True
OpenVinoRecognizer.logits = lambda self, waveforms: right(self, waveforms)[:, ::-1]
"""
OTHER_MACHINE_ID = """
import pytest_benchmark.session

pytest_benchmark.session.get_machine_id = lambda: "Elsewhere-PyPy-3.9-32bit"
"""
HERE: dict[str, Any] = {
    "cpu": {"model": "Mill", "family": "family 5", "isa": "avx2", "cores": 4, "flags": []},
    "device": "CPU",
    "inference_precision": "f32",
    "python": "3.11",
    "system": "Linux x86_64",
    "versions": {"openvino": "2026.4.1", "torch": "2.13.0"},
}


class Shop:
    """A tiny model with a cache, a storage for baselines, and runs of its FP16 latency."""

    def __init__(self, suite: Path, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        self.storage = folder / "storage"

    def run(self, *options: str, tests: str = "benchmarks/test_latency.py", only: str = "fp16") -> Run:
        where = ["--suite", str(self.suite), "--cache-dir", str(self.folder / "cache")]
        brief = ["--benchmark-max-time=0.01", f"--benchmark-storage=file://{self.storage}", "-k", only]
        results = self.folder / "results.json"
        results.unlink(missing_ok=True)
        return run([tests], *where, *brief, "--details", *options, results=results)

    def stored(self) -> dict[str, Any]:
        (path,) = self.storage.rglob("0001_*.json")
        return {"path": path, **json.loads(path.read_text())}

    def edit(self, **sections: Any) -> None:
        stored = self.stored()
        path = stored.pop("path")
        stored["machine_info"] |= sections
        path.write_text(json.dumps(signed(stored)))


@pytest.fixture(scope="module")
def warm_shop(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """One baseline of one duration, stored by a first run."""
    folder = tmp_path_factory.mktemp("shop")
    model = str(tiny.model)
    changes = {
        "benchmarks__models": json.dumps([model]),
        "benchmarks__durations_s": "[0.5]",
        "benchmarks__paired__durations_s": "[0.5]",
        "benchmarks__sqnr_db_min__int8": "-20.0",
        f"benchmarks__int8_over_fp16_min__{model}": "100.0",
        f"benchmarks__without_vnni__int8_over_fp16_min__{model}": "100.0",
    }
    shop = Shop(tiny.suite(folder / "tiny.toml", **changes), folder)
    first = shop.run("--update-baselines")
    assert first.code == 0, first.output
    return shop


@pytest.fixture
def shop(warm_shop: Shop) -> Iterator[Shop]:
    """The same shop; its baseline is restored afterwards."""
    path = warm_shop.stored()["path"]
    before = path.read_text()
    yield warm_shop
    path.write_text(before)


def plug(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> tuple[str, str]:
    """Write a pytest plugin that changes one thing, and return the options that load it."""
    (folder / "changed.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{Path(wergate.__file__).parents[1]}")
    return "-p", "changed"


BROKEN_CLOCK = """
from itertools import count
from time import perf_counter

calls = count()

def clock():
    return perf_counter() if next(calls) < 5 else float("nan")
"""
BUSY_MACHINE = """
from dataclasses import replace
from fixtures.benchmarks import activity

right = activity.seen_between
activity.seen_between = lambda *readings: replace(right(*readings), governor="loom", steal=0.032, others=0.25)
"""

# Other tests run at the same time, and load one side or the other. tests/timing covers the blocks that this voids.
UNKNOWN_LOAD = """
from dataclasses import replace
from wergate.timing.load import SystemLoad

right = SystemLoad.__call__
SystemLoad.__call__ = lambda self: replace(right(self), busy_s=None, waited_s=None, stolen_s=None)
"""


def baselines_ms(found: Run) -> list[float | None]:
    assert found.results is not None, found.output
    return [row["baseline_ms"] for row in found.results["benchmarks"]]


def test_the_baseline_is_one_file_that_tells_nobodys_machine(shop: Shop) -> None:
    """Stored twice, it is one file; it names CPU and versions, but no host, path or single round."""
    assert shop.run("--update-baselines").code == 0
    stored = shop.stored()
    about = json.dumps([stored["machine_info"], stored["commit_info"]])
    assert stored["path"].name == baseline_name(stored["machine_info"])
    assert platform.node() not in [*stored["machine_info"].values(), *stored["commit_info"].values()]
    assert str(Path.home()) not in about
    assert {"cpu", "versions", "inference_precision"} <= set(stored["machine_info"])
    assert {"model", "family", "isa", "cores", "flags"} == set(stored["machine_info"]["cpu"])
    assert [row["stats"].get("data") for row in stored["benchmarks"]] == [None]


def test_compare_finds_the_baseline_from_another_machine(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """pytest-benchmark files runs by machine id; the baseline must be found under any, and called advisory."""
    shop.edit(cpu={"model": "Loom", "isa": "avx512_core_vnni", "cores": 64, "flags": []})
    found = shop.run("--benchmark-compare", *plug(monkeypatch, tmp_path, OTHER_MACHINE_ID))
    assert found.code == 0, found.output
    assert None not in baselines_ms(found)
    difference = "CPU Loom (unknown) avx512_core_vnni 64 cores, here "
    assert f"ADVISORY: the baseline is from another set-up ({difference}" in found.output
    assert found.results is not None
    assert found.results["benchmarks"][0]["advisory"][0].startswith(difference)


def test_a_benchmark_of_an_object_is_stored_by_its_name(shop: Shop) -> None:
    """Parameters of a test need not be valid JSON."""
    found = shop.run("--update-baselines", tests="benchmarks/test_audio_wait.py", only="flac")
    assert found.code == 0, found.output
    assert re.search("2 measurements stored in 0001_[a-z0-9_-]+-cores.json", found.text)
    assert ["FLAC, 16 kHz"] == [row["params"]["form"] for row in shop.stored()["benchmarks"] if "form" in row["params"]]


def test_compare_on_the_same_machine_is_not_advisory(shop: Shop) -> None:
    """Without a difference the note says that there is none."""
    found = shop.run("--benchmark-compare")
    assert found.code == 0, found.output
    assert None not in baselines_ms(found)
    assert "recorded on this type of machine" in found.output
    assert "the baseline is from another set-up" not in found.output
    assert found.results is not None
    assert not [reason for reason in found.results["benchmarks"][0]["advisory"] if "noisy" not in reason]


def test_a_baseline_is_named_after_its_machine() -> None:
    """The files of the repository have the names under which a run on such a machine looks for them."""
    stored = {path.name: json.loads(path.read_text()) for path in BASELINES.glob("0001_*.json")}
    assert stored
    for run_ in stored.values():
        require_unedited(run_)
    assert [*stored] == [baseline_name(run["machine_info"]) for run in stored.values()]
    here = {"cpu": {"model": "Loom 9", "family": "family 1 model 2", "isa": "avx2", "cores": 2}}
    assert "0001_loom-9-family-1-model-2-avx2-2-cores.json" == baseline_name(here)
    quota = {"cpu": here["cpu"] | {"quota": 1.5}}
    assert "0001_loom-9-family-1-model-2-avx2-2-cores-quota-of-1-5-cpus.json" == baseline_name(quota)


def test_compare_takes_the_baseline_of_this_kind_of_machine(shop: Shop) -> None:
    """Also if the file of another kind comes later in the folder; storing replaces the own file alone."""
    stored = shop.stored()
    path = stored.pop("path")
    stored["machine_info"]["cpu"]["model"] = "Zoom"
    other = path.with_name("0001_zoom-2-cores.json")
    other.write_text(json.dumps(signed(stored)))
    try:
        found = shop.run("--benchmark-compare")
        assert "recorded on this type of machine" in found.output
        before = other.read_bytes()
        assert shop.run("--update-baselines").code == 0
        assert before == other.read_bytes()
    finally:
        other.unlink()


def test_compare_without_a_baseline_says_so(shop: Shop, tmp_path: Path) -> None:
    """Without a baseline one line says so, and the run continues."""
    found = shop.run("--benchmark-compare", f"--benchmark-storage=file://{tmp_path / 'none'}")
    assert found.code == 0, found.output
    assert baselines_ms(found) == [None]
    assert "to compare with; --update-baselines stores this run" in found.text


def test_a_regression_fails_only_where_it_is_asked_to(shop: Shop) -> None:
    """pytest-benchmark's --benchmark-compare-fail fails the run, without a traceback."""
    stored = shop.stored()
    path = stored.pop("path")
    stored["benchmarks"][0]["stats"]["median"] = 1e-9
    path.write_text(json.dumps(signed(stored)))
    found = shop.run("--benchmark-compare", "--benchmark-compare-fail=median:10%")
    assert found.code == 11, found.output
    assert "FAIL: Performance has regressed." in found.output
    assert "Traceback" not in found.output


@pytest.mark.parametrize("factor", [1.3, 0.7])
def test_an_edited_baseline_is_refused(shop: Shop, factor: float) -> None:
    """Times that someone changed are not compared, whether they look slower or faster."""
    stored = shop.stored()
    path = stored.pop("path")
    stored["benchmarks"][0]["stats"]["median"] *= factor
    path.write_text(json.dumps(stored))
    found = shop.run("--benchmark-compare")
    assert found.code == 13, found.output
    assert "the benchmark baseline was edited: its digest does not match its times" in found.text
    assert "Traceback" not in found.output


def test_a_baseline_without_a_digest_is_trusted_aloud(shop: Shop) -> None:
    """pytest-benchmark's own files have none; the run continues and says so."""
    stored = shop.stored()
    path = stored.pop("path")
    del stored["digest"]
    path.write_text(json.dumps(stored))
    found = shop.run("--benchmark-compare")
    assert found.code == 0, found.output
    assert "baseline: no digest in the file, so its times are trusted as they are" in found.text


@pytest.mark.parametrize("value", [float("nan"), None], ids=["NaN", "null"])
def test_a_stored_time_that_is_none_is_one_line(shop: Shop, value: float | None) -> None:
    """Nothing is slower than a NaN: a comparison with one would always pass."""
    stored = shop.stored()
    path = stored.pop("path")
    stored["benchmarks"][0]["stats"]["q1"] = value
    path.write_text(json.dumps(stored))
    found = shop.run("--benchmark-compare", "--benchmark-compare-fail=median:10%")
    assert found.code == 13, found.output
    said = f"baseline of 'benchmarks/test_latency.py::.*' has q1 = {value!s}, which is not a time: finite seconds are"
    assert re.search(said, found.output)
    assert "Traceback" not in found.output


def test_a_measured_time_that_is_none_is_one_line(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A clock that returns no number aborts the run; nothing is stored."""
    before = shop.stored()
    plugin = plug(monkeypatch, tmp_path, BROKEN_CLOCK)
    found = shop.run("--update-baselines", "--benchmark-timer=changed.clock", *plugin)
    assert found.code != 0, found.output
    assert "is nan; finite positive seconds are accepted; check the clock" in found.output
    assert "Traceback" not in found.output
    assert shop.stored() == before


def test_what_was_seen_stands_beside_each_measurement(shop: Shop, tmp_path: Path) -> None:
    """In results, in pytest-benchmark's own JSON and on the terminal: load, governor, percentiles that have samples."""
    kept = tmp_path / "kept.json"
    found = shop.run(f"--benchmark-json={kept}", "--benchmark-min-rounds=70")
    assert found.results is not None, found.output
    (row,) = found.results["benchmarks"]
    (stored,) = json.loads(kept.read_text())["benchmarks"]
    assert row["rounds"] >= 70
    assert row["min_ms"] <= row["median_ms"] <= row["p90_ms"] <= row["max_ms"]
    assert (row["p99_ms"] is None) is (row["rounds"] < 662)
    assert stored["extra_info"]["p50_ms"] == pytest.approx(row["median_ms"])
    assert stored["extra_info"]["seen"] == row["seen"]
    activity = {"governor", "load_before", "load_after", "steal", "others", "throttled", "throttled_s"}
    assert activity == set(row["seen"])
    assert "p90" in found.output
    assert "activity while timing: load" in found.output


def test_few_rounds_have_no_percentiles(shop: Shop) -> None:
    """Ten rounds have a median; a 90th percentile of them would be their largest."""
    found = shop.run("--benchmark-min-rounds=10", "--benchmark-max-time=1e-9")
    assert found.results is not None, found.output
    (row,) = found.results["benchmarks"]
    assert (row["rounds"], row["p90_ms"], row["p99_ms"]) == (10, None, None)
    assert "p90" not in found.output


def test_a_noisy_run_is_named(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stolen time is reported, and a comparison with a noisy baseline is marked as such."""
    plugin = plug(monkeypatch, tmp_path, BUSY_MACHINE)
    noisy = shop.run("--update-baselines", *plugin)
    assert noisy.results is not None, noisy.output
    assert noisy.results["benchmarks"][0]["noise"][:2] == ["steal 3.2 %", "others 25 %"]
    assert re.search(r"fp16 0.5 s \* +\d", noisy.output)
    assert re.search("NOISY: fp16 0.5 s of .*: steal 3.2 %; others 25 %.*: repeat it", noisy.output)
    later = shop.run("--benchmark-compare")
    assert later.results is not None, later.output
    advisory = later.results["benchmarks"][0]["advisory"]
    assert advisory[0].startswith("governor loom, here ")
    assert advisory[1].startswith("the run of the baseline was noisy: steal 3.2 %")
    assert "advisory" in later.output


def test_a_wrong_answer_has_no_speed(shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Logits that differ from the reference fail the benchmark; its time is neither reported nor stored."""
    before = shop.stored()
    found = shop.run("--update-baselines", *plug(monkeypatch, tmp_path, WRONG_ANSWER))
    assert found.code == 10, found.output
    assert "FP16 sqnr_db=" in found.output
    assert "but should be >= 50 (compared with pytorch)" in found.output
    assert "baseline: not stored, because the run failed" in found.text
    assert baselines_ms(found) == []
    assert shop.stored() == before


@pytest.mark.parametrize("changed", [{}, {"inference_precision": "bf16"}], ids=["same machine", "another set-up"])
def test_a_partial_run_keeps_what_the_same_set_up_measured(shop: Shop, changed: dict[str, str]) -> None:
    """A baseline holds figures of one set-up only."""
    shop.edit(**changed)
    assert shop.run("--update-baselines", only="reference").code == 0
    names = [row["extra_info"]["name"] for row in shop.stored()["benchmarks"]]
    assert names == (["pytorch 0.5 s"] if changed else ["fp16 0.5 s", "pytorch 0.5 s"])


@pytest.mark.parametrize("options", [("--benchmark-disable",), ("-n", "1")], ids=["disabled", "xdist"])
def test_untimed_runs_still_check_the_answers(shop: Shop, options: tuple[str, ...]) -> None:
    """Without timing there are no statistics and no baseline, but the answers are still gated."""
    before = shop.stored()
    found = shop.run("--update-baselines", *options, tests="benchmarks/test_speedup.py")
    assert found.code == 0, found.output
    assert baselines_ms(found) == []
    assert found.gate("sqnr_db", "FP16")
    assert shop.stored() == before


def test_a_build_is_measured_once_and_the_session_finds_it(shop: Shop, tmp_path: Path) -> None:
    """On a cold cache the measured process builds into the session's store; both steps and the peak are reported."""
    cold = Shop(shop.suite, tmp_path)
    found = cold.run(tests="benchmarks/test_build.py", only="test_build")
    assert found.code == 0, found.output
    assert found.results is not None
    (row,) = (row for row in found.results["benchmarks"] if row["name"] == "FP16 and INT8 IR")
    assert all(row[step] > 0 for step in ("convert_s", "quantize_s", "peak_rss_mb")), row
    assert found.built("fp16-ir") == found.built("int8-ir") == 0


def test_a_speedup_below_its_threshold_fails(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite file of this test requires a speed-up of 100."""
    plugin = plug(monkeypatch, tmp_path, UNKNOWN_LOAD)
    found = shop.run(*plugin, tests="benchmarks/test_speedup.py", only="int8-over-fp16")
    assert found.code == 11, found.output
    assert found.results is not None
    assert [(row["fast"], row["slow"]) for row in found.results["ratios"]] == [("int8", "fp16")]
    (ratio,) = found.results["ratios"]
    assert ratio["interval"]["low"] <= ratio["ratio"] <= ratio["interval"]["high"]
    assert ratio["rounds"] >= 12
    assert ratio["compilations"] >= 3
    assert ratio["load"]["blocks"] == ratio["rounds"] // 2
    (verdict,) = found.gate("speedup_over_fp16", "INT8")
    assert (verdict["status"], verdict["interval"]) == ("FAIL", ratio["interval"])
    assert re.search(r"int8 over fp16 0.5 s[ *]+\d", found.output)


def test_todays_build_is_timed_beside_the_baselines(shop: Shop) -> None:
    """A build is not compared with itself, but with another build of the same model if the store has it."""
    tests = "benchmarks/test_baseline_build.py"
    assert "the store no longer has the baseline's build" in shop.run("-rs", tests=tests).output
    assert shop.run("--update-baselines", tests=tests, only="int8").code == 0
    assert "the current build is the baseline's" in shop.run("-rs", tests=tests, only="int8").output
    named = json.loads((shop.storage / "builds.json").read_text())["builds"]
    assert [["int8"]] == [list(names) for names in named.values()]
    other = Shop(shop.suite.with_name("median.toml"), shop.folder)
    other.suite.write_text(shop.suite.read_text().replace('"mean"', '"median"'))
    found = other.run(tests=tests, only="int8")
    assert found.results is not None, found.output
    assert [(row["fast"], row["slow"]) for row in found.results["ratios"]] == [("int8", "baseline")]
    (verdict,) = found.gate("speedup_over_baseline", "INT8")
    assert verdict["threshold"] == 0.975
    assert 0.5 < verdict["value"] < 2  # two builds alike; how near to 1 is up to what else the machine does


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "'builds.json' names no builds"),
        ('{"schema_version": 9, "builds": {}}', "'builds.json' has schema version 9, but only 1 is accepted"),
    ],
    ids=["no JSON", "another version"],
)
def test_a_file_of_builds_that_cannot_be_read_is_one_line(shop: Shop, content: str, said: str) -> None:
    """The message names the file and the remedy."""
    path = shop.storage / "builds.json"
    kept = path.read_text() if path.exists() else None
    path.write_text(content)
    try:
        found = shop.run(tests="benchmarks/test_baseline_build.py")
    finally:
        path.unlink() if kept is None else path.write_text(kept)
    assert found.code != 0
    assert said in found.output
    assert "--update-baselines" in found.output
    assert "Traceback" not in found.output


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "recorded on this type of machine"),
        ({"versions": {"openvino": "2025.1.0", "torch": "2.13.0"}}, "ADVISORY.*openvino 2025.1.0, here 2026.4.1"),
        (
            {"cpu": HERE["cpu"] | {"cores": 8}},
            r"ADVISORY.*CPU Mill \(family 5\) avx2 8 cores, here Mill \(family 5\) avx2 4 cores",
        ),
        ({"cpu": HERE["cpu"] | {"isa": "avx512_core"}}, "ADVISORY.*avx512_core"),
        ({"cpu": HERE["cpu"] | {"family": "family 6"}}, r"ADVISORY.*CPU Mill \(family 6\) .*here Mill \(family 5\)"),
        ({"inference_precision": "bf16"}, "ADVISORY.*inference precision bf16, here f32"),
        ({"cpu": "what another tool writes"}, "ADVISORY.*CPU unknown"),
    ],
    ids=["nothing", "version", "cores", "isa", "generation", "inference precision", "foreign file"],
)
def test_what_makes_a_comparison_advisory(changed: dict[str, Any], said: str) -> None:
    """Each difference that affects absolute latency is named."""
    assert re.search(said, comparison_line(here=HERE, stored=HERE | changed))


def test_an_excerpt_has_the_exact_length(tiny: Tiny, tmp_path: Path) -> None:
    """Speech is cut from the start of the corpus, and repeated if the corpus is too short."""
    corpus = open_corpus(parse_corpus_specs(str(tiny.corpus), tmp_path)[0])
    whole = np.concatenate([utterance.waveform.samples for utterance in corpus.utterances(16_000)])
    long = excerpt(corpus, 60.0, 16_000)
    assert long.shape == (960_000,)
    np.testing.assert_array_equal(long[: 2 * len(whole)], np.tile(whole, 2))
    np.testing.assert_array_equal(excerpt(corpus, 0.25, 16_000), whole[:4_000])


def test_the_verdicts_on_what_was_timed() -> None:
    """Gates of ratio, logits and transcript pass and fail as they should; a NaN fails."""
    logits = np.eye(4, dtype=np.float32)
    output = {"reference": logits, "sqnr_db_min": 20.0, "subject": "INT8", "scope": "x", "engine": "pytorch"}
    text = {"subject": "FP16", "scope": "x", "engine": "pytorch"}
    work = {"accuracy_run": {"u1": "A B"}, "subject": "INT8", "scope": "x"}
    verdicts = {
        "fast enough": speedup(1.9, 2.1),
        "same logits": output_verdict(candidate=logits, **output),
        "same text": transcript_verdict(reference="A B", hypothesis="A B", **text),
        "same work": same_work_verdict(timed={"u1": ("A B", "A B")}, **work),
        "too slow": speedup(1.3, 1.49),
        "perhaps": speedup(1.4, 1.7),
        "NaN ratio": speedup(float("nan"), float("nan")),
        "one round of other work": same_work_verdict(timed={"u1": ("A B", "A")}, **work),
        "noise": output_verdict(candidate=logits + 0.2, **output),
        "NaN": output_verdict(candidate=logits * np.nan, **output),
        "other text": transcript_verdict(reference="A B", hypothesis="AB", **text),
    }
    held = [name for name, verdict in verdicts.items() if verdict.status is Status.PASS]
    assert held == ["fast enough", "same logits", "same text", "same work"]
    assert verdicts["too slow"].status is Status.FAIL
    assert verdicts["perhaps"].status is Status.INCONCLUSIVE
    assert "the interval still contains 1.5 after 40 rounds of each in 9 s" in verdicts["perhaps"].line


def speedup(low: float, high: float) -> Verdict:
    """Return the verdict on a ratio in the middle of an interval; the threshold is 1.5."""
    found = Paired((0.01,) * 40, (0.02,) * 40, (low + high) / 2, Interval(low, high, 0.99), 9.0)
    return speedup_verdict(found, 1.5, fast="int8", slow="fp16", scope="x")


def test_peak_memory_is_the_processs_own() -> None:
    """Linux hands a large parent's peak on to its children in ru_maxrss; a build must not be charged with it."""
    ballast = np.ones(40_000_000)
    code = "from wergate.studies.build_cost import peak_rss_bytes; print(peak_rss_bytes())"
    source = Path(wergate.__file__).parents[1]
    child = subprocess.run([sys.executable, "-c", code], cwd=source, capture_output=True, check=True, text=True)
    assert ballast.nbytes < peak_rss_bytes()
    assert int(child.stdout) < peak_rss_bytes()


def test_int8_owes_more_speed_to_a_cpu_with_dot_products(tiny: Tiny, tmp_path: Path) -> None:
    """INT8 has thresholds with and without VNNI, FP16 has its own, and other pairs have none."""
    speeds = {
        "benchmarks__int8_over_fp16_min__m": "1.5",
        "benchmarks__int8_over_reference_min__m": "2.0",
        "benchmarks__fp16_over_reference_min__m": "0.8",
        "benchmarks__without_vnni__int8_over_fp16_min__m": "0.9",
    }
    benchmarks = tiny.config(tmp_path, **speeds).benchmarks
    asked = [("int8", "fp16"), ("int8", "reference"), ("fp16", "reference"), ("fp16", "fp16")]
    for dot_products, expected in ((True, [1.5, 2.0, 0.8, None]), (False, [0.9, None, 0.8, None])):
        found = [benchmarks.speedup_min("m", fast=a, slow=b, dot_products=dot_products) for a, b in asked]
        assert expected == found
    assert benchmarks.speedup_min("other", fast="int8", slow="fp16", dot_products=True) is None
