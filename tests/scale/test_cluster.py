"""Evaluations on clusters of two and three nodes of this machine: equal to one process, whatever fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'wergate[ray]'")

from tests.support.recorded import corpus_of
from tests.support.stand_in import Habits, OtherKind, add_node, cluster, executor, job_of, local
from wergate.corpora.corpus import Corpus
from wergate.errors import SuiteError
from wergate.evaluation.inference import Inferred
from wergate.scale import plan
from wergate.scale.shard_files import ShardFiles

COUNT = 24


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Any]:
    """A cluster of a head and two nodes."""
    with cluster(2) as started:
        yield started


@pytest.fixture(autouse=True)
def short_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shard have two or three of the short recordings."""
    monkeypatch.setattr(plan, "SHARD_S", 0.4)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """A corpus of short recordings in two buckets."""
    return corpus_of(tmp_path_factory.mktemp("corpus") / "corpus.parquet", COUNT)


def lasting(found: list[Inferred]) -> list[Inferred]:
    """Return outcomes without their seconds."""
    return [replace(one, outcome=replace(one.outcome, seconds=0.0)) for one in found]


def everything(corpus: Corpus) -> frozenset[str]:
    """Return the ids of a corpus."""
    return frozenset(corpus.ids)


def test_two_nodes_give_what_one_process_gives(two_nodes: Any, corpus: Corpus, tmp_path: Path) -> None:
    """The outcomes are in corpus order and equal but for seconds, each is in one shard, and both nodes worked."""
    job = job_of(corpus, tmp_path, Habits(sleep_s=0.05))
    ray = executor(two_nodes.address)
    found = list(ray.inferred(job, everything(corpus)))
    ray.close()
    assert lasting(local(job)) == lasting(found)
    results = ShardFiles(job.store.root, job.run).results()
    assert sorted(corpus.ids) == sorted(id_ for one in results.values() for id_ in one.ids)
    assert 2 == len({one.worker for one in results.values()})


def test_a_new_driver_takes_up_what_is_finished(two_nodes: Any, corpus: Corpus, tmp_path: Path) -> None:
    """A driver that stops early leaves finished shards, and the next one computes the others alone."""
    job = job_of(corpus, tmp_path)
    ray = executor(two_nodes.address)
    first = ray.inferred(job, everything(corpus))
    next(first)
    first.close()
    files = ShardFiles(job.store.root, job.run)
    before = files.results()
    assert 0 < len(before)
    found = list(ray.inferred(job, everything(corpus)))
    ray.close()
    assert lasting(local(job)) == lasting(found)
    assert before.items() <= files.results().items()


def test_a_damaged_shard_is_computed_again(two_nodes: Any, corpus: Corpus, tmp_path: Path) -> None:
    """A file that was cut short is not read; its utterances are transcribed again."""
    job = job_of(corpus, tmp_path)
    ray = executor(two_nodes.address)
    whole = list(ray.inferred(job, everything(corpus)))
    path = next(ShardFiles(job.store.root, job.run).folder.glob("*.jsonl"))
    path.write_bytes(path.read_bytes()[:-20])
    again = list(ray.inferred(job, everything(corpus)))
    ray.close()
    assert lasting(whole) == lasting(again)
    assert path.read_bytes().endswith(b"}\n")


@pytest.mark.parametrize("habits", [Habits(crash_at="u9"), Habits(raise_at="u9")], ids=["killed", "raised"])
def test_a_poisoned_utterance_is_named(two_nodes: Any, corpus: Corpus, tmp_path: Path, habits: Habits) -> None:
    """The run names the utterance at which workers fail, after all others are finished."""
    job = job_of(corpus, tmp_path, habits)
    ray = executor(two_nodes.address)
    with pytest.raises(SuiteError, match=r"workers failed at utterance 'u9' \(.*\), 3 times each; the other 23"):
        list(ray.inferred(job, everything(corpus)))
    ray.close()
    assert everything(corpus) - {"u9"} == ShardFiles(job.store.root, job.run).rows().keys()


def test_another_kind_of_machine_is_refused(two_nodes: Any, corpus: Corpus, tmp_path: Path) -> None:
    """A worker with another instruction set than the driver's computes nothing."""
    job = job_of(corpus, tmp_path)
    ray = executor(two_nodes.address, OtherKind)
    with pytest.raises(SuiteError, match=r"is of another kind of machine than the driver: cpu .*avx1024"):
        list(ray.inferred(job, everything(corpus)))
    ray.close()
    assert {} == ShardFiles(job.store.root, job.run).results()


def test_results_that_differ_end_the_run(two_nodes: Any, corpus: Corpus, tmp_path: Path) -> None:
    """A second result of a shard that differs is kept as evidence with the first, and the run fails."""
    job = job_of(corpus, tmp_path)
    ray = executor(two_nodes.address)
    list(ray.inferred(job, everything(corpus)))
    other = job_of(corpus, tmp_path / "other", Habits(noise=2.0))
    list(ray.inferred(other, everything(corpus)))
    ray.close()
    files, theirs = ShardFiles(job.store.root, job.run), ShardFiles(other.store.root, other.run)
    shard, second = next(iter(theirs.results().items()))
    with pytest.raises(SuiteError, match="two results of one shard differ"):
        files.commit(shard, second.text())
    assert (files.folder / f"{shard}.second.jsonl").read_text() == second.text()


def test_a_worker_that_starts_late_runs_the_run_of_the_day(two_nodes: Any, corpus: Corpus, tmp_path: Path) -> None:
    """A run that ends before all workers are ready is followed by one with another IR, which all of them take."""
    ray = executor(two_nodes.address)
    list(ray.inferred(job_of(corpus, tmp_path / "first"), frozenset({"u0"})))
    habits = Habits(sleep_s=0.1, noise=2.0)
    job = job_of(corpus, tmp_path / "second", habits, run="second")
    found = list(ray.inferred(job, everything(corpus)))
    ray.close()
    assert lasting(local(job, habits)) == lasting(found)


def test_killed_workers_and_nodes_lose_nothing(corpus: Corpus, tmp_path: Path) -> None:
    """A worker is killed, a node leaves and another joins; each utterance is there once, with the same bytes."""
    with cluster(3) as started:
        job = job_of(corpus, tmp_path, Habits(sleep_s=0.1))
        ray = executor(started.address)
        found = ray.inferred(job, everything(corpus))
        seen = [next(found)]
        worker = next(iter(ShardFiles(job.store.root, job.run).results().values())).worker
        os.kill(int(worker.rpartition(":")[2]), signal.SIGKILL)
        seen += [next(found) for _ in range(6)]
        started.remove_node(started.list_all_nodes()[-1], allow_graceful=False)
        add_node(started)
        seen += list(found)
        ray.close()
    assert lasting(local(job)) == lasting(seen)
    results = ShardFiles(job.store.root, job.run).results()
    assert sorted(corpus.ids) == sorted(id_ for one in results.values() for id_ in one.ids)
