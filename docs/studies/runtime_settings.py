"""Compare settings of the runtime on one IR, in processes that alternate.

    python docs/studies/runtime_settings.py IR.xml [--seconds 12] [--rounds 10]

It prints a Markdown table: time relative to two streams without anything else, with Student's t over the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino
from interleaved import by_lot, noise_feed, run_s, times_as_fast

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
    feed = noise_feed(model, seconds)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32", **properties})
    queue = openvino.AsyncInferQueue(compiled)
    for _ in range(2):
        run_s(queue, feed, CALLS)
    print("ready", flush=True)
    for _ in sys.stdin:
        print(run_s(queue, feed, CALLS), flush=True)


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
    for name in by_lot(SETTINGS, asked.rounds):
        times[name].append(turn(workers[name]))
    for worker in workers.values():
        worker.communicate()
    print("| setting | ms a call | times as fast (95 % interval) |\n| --- | --- | --- |")
    for name, found in times.items():
        ratio = times_as_fast(times["two streams"], found)
        print(f"| {name} | {1e3 * float(np.median(found)) / CALLS:.1f} | {ratio} |")


if __name__ == "__main__":
    main()
