"""Compare settings of the runtime on one IR, in processes that alternate.

    python docs/studies/runtime_settings.py IR.xml [--seconds 12] [--rounds 10]

It prints a Markdown table: time relative to two streams without anything else, with Student's t over the rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openvino
import scipy.special

SAMPLING_RATE = 16_000
CALLS = 8  # of each process in each round
SETTINGS: dict[str, tuple[dict[str, str], dict[str, str]]] = {  # properties of the runtime, variables
    "two streams": ({"NUM_STREAMS": "2"}, {}),
    "two streams again": ({"NUM_STREAMS": "2"}, {}),
    "three streams": ({"NUM_STREAMS": "3"}, {}),
    "four streams": ({"NUM_STREAMS": "4"}, {}),
    "one stream of two threads": ({"NUM_STREAMS": "1"}, {}),
    "pinned": ({"NUM_STREAMS": "2", "ENABLE_CPU_PINNING": "YES"}, {}),
    "huge pages": ({"NUM_STREAMS": "2"}, {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}),
    "pinned, huge pages": (
        {"NUM_STREAMS": "2", "ENABLE_CPU_PINNING": "YES"},
        {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"},
    ),
}


def work(ir: str, seconds: float, properties: dict[str, str]) -> None:
    """Compile the IR, and run the calls of a round for each line of the input."""
    core = openvino.Core()
    model = core.read_model(ir)
    samples = int(seconds * SAMPLING_RATE)
    model.reshape({port: [1, samples] for port in model.inputs})
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **properties})
    noise = np.random.default_rng(7).standard_normal((1, samples), np.float32)
    feed = [noise if port.element_type.is_real() else np.ones((1, samples), np.int64) for port in model.inputs]
    queue = openvino.AsyncInferQueue(compiled)
    for _ in range(2):
        _run(queue, feed)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(_run(queue, feed), flush=True)


def _run(queue: openvino.AsyncInferQueue, feed: list[np.ndarray]) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        queue.start_async(dict(enumerate(feed)))
    queue.wait_all()
    return time.perf_counter() - started


def start(ir: Path, seconds: float, name: str) -> subprocess.Popen[str]:
    """Return a process that waits for its turns."""
    properties, variables = SETTINGS[name]
    command = [sys.executable, __file__, str(ir), "--seconds", str(seconds), "--worker", json.dumps(properties)]
    worker = subprocess.Popen(  # noqa: S603 - this file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | variables
    )
    assert worker.stdout is not None
    worker.stdout.readline()
    return worker


def turn(worker: subprocess.Popen[str]) -> float:
    """Return the seconds of a round."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def main() -> None:
    """Start all processes, give them turns in random order, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ir", type=Path)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        work(str(asked.ir), asked.seconds, json.loads(asked.worker))
        return
    workers = {name: start(asked.ir, asked.seconds, name) for name in SETTINGS}
    times: dict[str, list[float]] = {name: [] for name in SETTINGS}
    order, lot = list(SETTINGS), random.Random(7)  # noqa: S311 - a draw, not a secret
    for _ in range(asked.rounds):
        lot.shuffle(order)
        for name in order:
            times[name].append(turn(workers[name]))
    for worker in workers.values():
        worker.communicate()
    print("| setting | ms a call | times as fast (95 % interval) |\n| --- | --- | --- |")
    base = np.log(times["two streams"])
    for name, found in times.items():
        ratios = base - np.log(found)
        reach = scipy.special.stdtrit(len(ratios) - 1, 0.975) * ratios.std(ddof=1) / math.sqrt(len(ratios))
        mean, low, high = (math.exp(part) for part in (ratios.mean(), ratios.mean() - reach, ratios.mean() + reach))
        print(f"| {name} | {1e3 * float(np.median(found)) / CALLS:.1f} | {mean:.3f} ({low:.3f} to {high:.3f}) |")


if __name__ == "__main__":
    main()
