"""The model and corpus of the tutorial by their real ids, from a local hub with replaced content."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import soundfile

from tests.support.forked import environment
from tests.support.hub_client import Client
from tests.support.hub_repo import Repo, repo
from tests.support.hub_server import Hub, running
from tests.support.hub_speech import card, parquet
from tests.support.stored_reference import rewrite_reference
from tests.support.suite_run import ROOT, Run, command, finish
from tests.support.tiny import Tiny, spoken

MODEL = "facebook/data2vec-audio-base-960h"
CORPUS, TWIN = "patrickvonplaten/librispeech_asr_dummy", "hf-internal-testing/librispeech_asr_dummy"
GATES = ["accuracy/test_wer.py"]
MEMBER, STRANGER = "hf_memberMEMBERmember", "hf_strangerSTRANGER"


@dataclass(frozen=True)
class Machine:
    """A machine that ran the pair, and its results."""

    client: Client
    cache: Path
    options: tuple[str, ...]
    cold: Run

    def run(self, results: Path, *more: str, **variables: str) -> Run:
        """Run the gates once more."""
        return gated(self.client, results, *self.options, *more, **variables)


def gated(client: Client, results: Path, *options: str, **variables: str) -> Run:
    """Run the word error gates in a process that knows the hub of that client and no other."""
    process = subprocess.Popen(
        command(GATES, [*options, "--results", str(results)]),
        cwd=ROOT,
        env=environment() | {"HF_HUB_OFFLINE": "0"} | client.environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return finish(process, results)


def dataset() -> tuple[Repo, Repo]:
    """Return the corpus as a script, and its twin as parquet."""
    files = {
        "README.md": card({"clean": {"validation": "clean/validation-*.parquet"}}),
        "clean/validation-00000-of-00001.parquet": parquet(spoken(range(6))),
    }
    return repo(CORPUS, {"librispeech_asr_dummy.py": b"raise SystemExit"}, "dataset"), repo(TWIN, files, "dataset")


@pytest.fixture(scope="module")
def hub(tiny: Tiny) -> Iterator[Hub]:
    """A hub with the pair, whose weights are tiny."""
    with running(repo(MODEL, tiny.model), *dataset(), granted=MEMBER, stranger=STRANGER) as hub:
        yield hub


@pytest.fixture(scope="module")
def machine(hub: Hub, tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine that has run the pair."""
    folder = tmp_path_factory.mktemp("pair")
    client = Client(hub, folder / "home")
    suite = tiny.suite(folder / "tiny.toml")
    pair = ("--model", MODEL, "--corpus", f"{CORPUS}:clean:validation")
    options = ("--suite", str(suite), "--cache-dir", str(folder / "cache"), *pair)
    return Machine(client, folder / "cache", options, gated(client, folder / "cold.json", *options, HF_TOKEN=STRANGER))


def test_the_pair_is_gated(machine: Machine) -> None:
    """Reference, FP16 and INT8 on all utterances of the split; nothing but the hub was asked, and no token printed."""
    cold = machine.cold
    assert 0 == cold.code, cold.output
    rows = [(row["model"], row["corpus"], row["variant"], row["utterances"]) for row in cold.results["evaluations"]]
    assert [(MODEL, f"{CORPUS}:clean:validation", variant, 6) for variant in ("fp16", "int8")] == rows
    assert [1, 1] == [cold.built(kind) for kind in ("fp16-ir", "int8-ir")]
    assert [] == machine.client.hub.outside
    assert STRANGER not in cold.output


def test_the_commits_are_recorded(machine: Machine, hub: Hub) -> None:
    """Commits of model and corpus are recorded; a note names the parquet copy of the corpus."""
    results = machine.cold.results
    assert [(MODEL, hub.repos["model", MODEL].refs["main"])] == [(m["spec"], m["revision"]) for m in results["models"]]
    (corpus,) = [row for row in results["corpora"] if CORPUS in row["corpus"]]
    assert hub.repos["dataset", TWIN].refs["main"] == corpus["revision"]
    note = f"reading its mirror '{TWIN}' instead"
    assert [True] == [note in each for each in corpus["notes"]]
    assert note in machine.cold.text


def test_offline_the_pair_runs_from_the_cache(machine: Machine, tmp_path: Path) -> None:
    """The same verdicts; no request is made and nothing is built."""
    machine.client.hub.requests.clear()
    done = machine.run(tmp_path / "offline.json", HF_HUB_OFFLINE="1")
    assert 0 == done.code, done.output
    assert [] == machine.client.hub.requests
    assert {"found"} == set(done.statuses)
    verdicts = [[row["line"] for row in run.results["verdicts"]] for run in (machine.cold, done)]
    assert verdicts[0] == verdicts[1]


def test_what_got_worse_can_be_heard(machine: Machine, tmp_path: Path) -> None:
    """The place names the data set and the row, and the audio is written as WAV."""
    cache = tmp_path / "cache"
    shutil.copytree(machine.cache, cache)
    rewrite_reference(cache, {2: spoken([2])[0].text})
    options = ("--cache-dir", str(cache), "--worst", "3", "--worst-audio", str(tmp_path / "heard"), "-k", "int8")
    done = machine.run(tmp_path / "worst.json", *options, HF_HUB_OFFLINE="1")
    lines = done.output.splitlines()
    assert f"   audio: {CORPUS}:clean:validation, row 2" in lines, done.output
    (path,) = (tmp_path / "heard").rglob("*.wav")
    assert f"   WAV: {path}" in lines
    assert 16_000 == soundfile.info(path).samplerate


def test_a_gated_model_ends_the_run_in_one_line(machine: Machine, hub: Hub, tiny: Tiny, tmp_path: Path) -> None:
    """The error names the remedy, and never prints the token."""
    hub.serve(replace(repo("org/gated", tiny.model), gated=True))
    done = machine.run(tmp_path / "gated.json", "--model", "org/gated", "-k", "gated", HF_TOKEN=STRANGER)
    assert 0 != done.code
    assert "ERROR: model 'org/gated' is gated and your account has no access" in done.output
    assert "Traceback" not in done.output
    assert STRANGER not in done.output
