"""Evaluations by workers that need milliseconds: stand-ins for compiled models, on clusters of 127.0.0.1."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.support.recorded import FRONTEND, Recognizer, ReferenceRun
from tests.support.shipped import SUITE
from tests.support.variants import make_variant
from wergate.config.loading import load_config
from wergate.corpora.corpus import Corpus
from wergate.evaluation.inference import Inferred, infer
from wergate.evaluation.journal import kind_of_machine
from wergate.scale.executor import RayExecutor
from wergate.scale.messages import Blobs, ShardOrder, unpacked
from wergate.scale.worker import Worker
from wergate.session.executor import Job
from wergate.store import Store, content_key

CPUS = kind_of_machine()["cpu"]["cores"]  # one worker a node
HEALTH = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 200, "health_check_failure_threshold": 3}


@dataclass(frozen=True)
class Habits:
    """The behaviour of a stand-in, which travels in the place of its IR.

    Attributes:
        sleep_s: time for each shard.
        crash_at: utterance that kills its process; empty for none.
        raise_at: utterance at which an exception of a library escapes; empty for none.
        noise: amplitude of the difference from the reference logits.
    """

    sleep_s: float = 0.0
    crash_at: str = ""
    raise_at: str = ""
    noise: float = 1.0


class StandIn(Worker):
    """A worker whose network is a function of the samples; the `.xml` that it is sent holds its habits."""

    def transcriber(self, path: Path) -> Any:
        """Return the stand-in for a compiled model."""
        names = [field.strip() for field in path.read_text().split(",")]
        habits = Habits(float(names[0]), names[1], names[2], float(names[3]))

        def transcribe(order: ShardOrder, blobs: Blobs) -> Iterator[Inferred]:
            time.sleep(habits.sleep_s)
            ids = [one.id for one in order.speech]
            if habits.crash_at in ids:
                os.kill(os.getpid(), signal.SIGKILL)
            if habits.raise_at in ids:
                raise RuntimeError("the stand-in gave up")
            pairs = zip(order.speech, blobs[::2], blobs[1::2], strict=True)
            arrived = [unpacked(*one, FRONTEND.sampling_rate) for one in pairs]
            reference = {utterance.id: expected for utterance, expected in arrived}
            utterances = [utterance for utterance, _ in arrived]
            alphabet = FRONTEND.alphabet
            return infer(Recognizer(habits.noise), utterances, reference, alphabet=alphabet, subject="INT8")

        return transcribe


class OtherKind(StandIn):
    """A stand-in on a machine with another instruction set."""

    def kind(self) -> dict[str, Any]:
        """Return the kind of a machine that no test runs on."""
        kind = super().kind()
        return kind | {"cpu": {**kind["cpu"], "isa": "avx1024"}}


def job_of(corpus: Corpus, folder: Path, habits: Habits = Habits(), *, run: str = "run") -> Job:
    """Return an evaluation of a corpus by stand-ins, and write their IR.

    Args:
        folder: folder of the store.
        run: text that the key of the run depends on.
    """
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / "stand-in.xml"
    path.write_text(f"{habits.sleep_s},{habits.crash_at},{habits.raise_at},{habits.noise}")
    path.with_suffix(".bin").write_bytes(b"weights")
    from wergate.environment.digest import source_digest

    return Job(
        config=load_config(SUITE, {}, base=SUITE),
        store=Store(folder / "store"),
        variant=replace(make_variant(frontend=FRONTEND), path=path),
        corpus=corpus,
        reference=ReferenceRun(corpus),
        run=content_key({"run": run, "corpus": corpus.fingerprint}),
        source=source_digest("wergate.session.evaluations"),
        lengths=(1600, 2400),
    )


def local(job: Job, habits: Habits = Habits()) -> list[Inferred]:
    """Return the outcomes that one process computes."""
    utterances = list(job.corpus.utterances(FRONTEND.sampling_rate))
    found = infer(Recognizer(habits.noise), utterances, job.reference(), alphabet=FRONTEND.alphabet, subject="INT8")
    return list(found)


def executor(address: str, worker: type[Worker] = StandIn) -> RayExecutor:
    """Return an executor that runs stand-ins."""
    return RayExecutor(address, worker)


@contextmanager
def cluster(nodes: int) -> Iterator[Any]:
    """Start a cluster of 127.0.0.1 with room for one worker on each node but the head, and stop it at the end."""
    import ray
    from ray._private import ray_constants
    from ray.cluster_utils import Cluster

    ray_constants.ENABLE_RAY_CLUSTER = False  # Ray's own switch to stay on 127.0.0.1, which it has for other systems

    head = {"num_cpus": 0, "node_ip_address": "127.0.0.1", "_system_config": HEALTH, "include_dashboard": False}
    started = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(nodes):
            add_node(started)
        yield started
    finally:
        ray.shutdown()
        started.shutdown()


def add_node(started: Any) -> Any:
    """Add a node with room for one worker."""
    return started.add_node(num_cpus=CPUS, node_ip_address="127.0.0.1", object_store_memory=80_000_000)
