"""Compiles networks for several streams, compares the streams, and appends each result to a file.

python two_streams_hunt.py FILE.jsonl SECONDS [--ir MODEL.xml] [--arms NAME ...]
Without --ir, it builds a speech recognizer with random weights. SECONDS = 0 prints the table alone.
"""

import argparse
import itertools
import json
import math
import tempfile
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov

try:
    import openvino.opset13 as op
except ImportError:  # before 2025
    import openvino.runtime.opset13 as op

BASE = {"streams": 2, "models": 1, "compilers": 1, "held": 6, "first": "at once", "busy": False}
BASE |= {"imported": False, "constants": "f16", "snippets": True, "pinned": False}
ARMS = {
    "base": {},
    "two compile at a time": {"compilers": 2},
    "no other models": {"held": 0},
    "another model infers": {"busy": True},
    "first inferences one by one": {"first": "one by one"},
    "imported": {"imported": True},
    "FP32 constants": {"constants": "f32"},
    "SNIPPETS_MODE=DISABLE": {"snippets": False},
    "ENABLE_CPU_PINNING=YES": {"pinned": True},
    "1 stream": {"streams": 1},
    "4 streams": {"streams": 4},
    "2 models of 1 stream": {"streams": 1, "models": 2},
    "as a suite runs": {"compilers": 2, "busy": True, "held": 12},
}
FRONT = ((64, 10, 5), (96, 3, 2), (128, 3, 2), (128, 3, 2), (192, 3, 2), (192, 2, 2), (192, 2, 2))
SAMPLES, WIDTH, HEADS, LAYERS = (16240, 30480, 49200), 192, 4, 4


def recognizer(seed, samples):
    """Return a network like Data2Vec: waveform and mask to logits, 3 million weights."""
    draw = np.random.default_rng(seed)

    def weights(*shape, scale=None):
        return op.constant((draw.standard_normal(shape) * (scale or np.prod(shape[1:]) ** -0.5)).astype(np.float32))

    def normal(x, width):
        x = op.mvn(x, np.array([-1]), True, 1e-5, "inside_sqrt")
        return op.add(op.multiply(x, op.add(weights(width, scale=0.1), np.float32(1))), weights(width, scale=0.1))

    def linear(x, wide, wider):
        return op.add(op.matmul(x, weights(wider, wide), False, True), weights(wider, scale=0.1))

    def heads(x):
        return op.transpose(op.reshape(x, np.array([0, 0, HEADS, WIDTH // HEADS]), True), np.array([0, 2, 1, 3]))

    wave, mask = op.parameter([1, samples], np.float32), op.parameter([1, samples], np.int64)
    turn, frames, channels = np.array([0, 2, 1]), samples, 1
    h = op.unsqueeze(wave, np.array([1]))
    for wider, kernel, stride in FRONT:
        h = op.convolution(
            h, weights(wider, channels, kernel, scale=(channels * kernel / 2) ** -0.5), [stride], [0], [0], [1]
        )
        h = op.gelu(op.transpose(normal(op.transpose(h, turn), wider), turn), "erf")
        frames, channels = (frames - kernel) // stride + 1, wider
    heard = op.convert(op.gather(mask, np.arange(frames) * (samples // frames), np.array(1)), np.float32)
    h = linear(normal(op.transpose(h, turn), channels), channels, WIDTH)
    h = op.multiply(h, op.unsqueeze(heard, np.array([2])))
    places = op.transpose(h, turn)
    for _ in range(3):
        places = op.group_convolution(places, weights(16, 12, 12, 19), [1], [9], [9], [1])
        places = op.multiply(op.gelu(places, "erf"), op.unsqueeze(heard, np.array([1])))
    h = op.add(h, op.transpose(places, turn))
    hidden = op.multiply(op.subtract(np.float32(1), heard), np.float32(-3e38))
    hidden = op.unsqueeze(hidden, np.array([1, 2]))
    for _ in range(LAYERS):
        q, k, v = (heads(linear(h, WIDTH, WIDTH)) for _ in range(3))
        scores = op.multiply(op.matmul(q, k, False, True), np.float32((WIDTH // HEADS) ** -0.5))
        mixed = op.transpose(op.matmul(op.softmax(op.add(scores, hidden), -1), v, False, False), np.array([0, 2, 1, 3]))
        h = normal(op.add(h, linear(op.reshape(mixed, np.array([0, 0, WIDTH]), True), WIDTH, WIDTH)), WIDTH)
        h = normal(op.add(h, linear(op.gelu(linear(h, WIDTH, 768), "erf"), 768, WIDTH)), WIDTH)
    return ov.Model([linear(h, WIDTH, 32)], [wave, mask])


class Hunt:
    def __init__(self, ir, folder):
        self.core, self.ir, self.folder, self.known, self.blobs = ov.Core(), ir, folder, {}, {}
        self.alive, self.lock, self.numbers = deque(), threading.RLock(), itertools.count(time.time_ns())

    def model(self, case):
        if not self.ir:
            path = self.folder / "-".join(map(str, (*case.values(), "model.xml")))
            with self.lock:
                if not path.exists():
                    ov.save_model(recognizer(case["seed"], case["samples"]), path, case["constants"] == "f16")
            return self.core.read_model(path)
        model = self.core.read_model(self.ir)
        model.reshape({port: [1, case["samples"]] for port in model.inputs})
        return model

    def options(self, arm, streams):
        options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": str(streams)}
        options["ENABLE_CPU_PINNING"] = "YES" if arm["pinned"] else "NO"
        return options if arm["snippets"] else options | {"SNIPPETS_MODE": "DISABLE"}

    def compiled(self, arm, case):
        if not arm["imported"]:
            return self.core.compile_model(self.model(case), "CPU", self.options(arm, arm["streams"]))
        key = tuple(case.values())
        if key not in self.blobs:
            options = self.options(arm, arm["streams"])
            self.blobs[key] = bytes(
                self.core.compile_model(self.model(case), "CPU", options).export_model().getbuffer()
            )
        return self.core.import_model(self.blobs[key], "CPU", self.options(arm, arm["streams"]))

    def feed(self, case):
        wave = np.random.default_rng(case["seed"]).standard_normal((1, case["samples"])).astype(np.float32)
        mask = np.ones((1, case["samples"]), np.int64)
        mask[:, case["samples"] * 2 // 3 :] = 0
        return {0: wave, 1: mask}

    def expected(self, arm, case):
        """Return the output of a model with one stream and one thread."""
        key = (arm["snippets"], *case.values())
        if key not in self.known:
            options = self.options(arm, 1) | {"INFERENCE_NUM_THREADS": "1"}
            single = self.core.compile_model(self.model(case), "CPU", options).create_infer_request()
            self.known[key] = single.infer(self.feed(case), share_inputs=False)[0].copy()
        return self.known[key]

    def one(self, arm):
        """Compile once and return one row: SQNR of each output in dB, and whether all outputs are equal."""
        draw = np.random.default_rng(next(self.numbers))
        case = {"seed": int(draw.integers(2)), "samples": int(draw.choice(SAMPLES)), "constants": arm["constants"]}
        feed = self.feed(case)
        with self.lock:
            expected = self.expected(arm, case)
        models = [self.compiled(arm, case) for _ in range(arm["models"])]
        requests = [model.create_infer_request() for model in models for _ in range(2 * arm["streams"])]
        outputs = []
        for turn in range(2):
            for request in requests:
                request.start_async(feed, share_inputs=False)
                if turn == 0 and arm["first"] == "one by one":
                    request.wait()
            for request in requests:
                request.wait()
                outputs.append(request.get_output_tensor(0).data.copy())
        with self.lock:
            self.alive.append(requests)
            while len(self.alive) > arm["held"]:
                del self.alive[int(draw.integers(len(self.alive)))]
        sqnr = [float(quality(expected, output)) for output in outputs]
        streams = {int(model.get_property("NUM_STREAMS")) for model in models}
        equal = all(np.array_equal(outputs[0], output) for output in outputs)
        wrong = min(sqnr) < 60 or not equal
        return {**case, "streams": max(streams), "wrong": wrong, "equal": equal, "sqnr": [round(x, 1) for x in sqnr]}

    def round(self, arm):
        """Return the rows of an arm's next compilations, one for each thread that compiles."""
        stop = threading.Event()
        thread = threading.Thread(target=self.keep_busy, args=(arm, stop)) if arm["busy"] else None
        if thread:
            thread.start()
        try:
            with ThreadPoolExecutor(arm["compilers"]) as pool:
                return list(pool.map(self.one, [arm] * arm["compilers"]))
        finally:
            stop.set()
            if thread:
                thread.join()

    def keep_busy(self, arm, stop):
        case = {"seed": 9, "samples": SAMPLES[0], "constants": arm["constants"]}
        request = self.core.compile_model(self.model(case), "CPU", self.options(arm, 1)).create_infer_request()
        while not stop.is_set():
            request.infer(self.feed(case), share_inputs=False)


def quality(expected, output):
    noise = float(np.sum((output.astype(np.float64) - expected) ** 2))
    return 10 * math.log10(float(np.sum(expected.astype(np.float64) ** 2)) / noise) if noise else 999.0


def bounds(wrong, tried, error=0.05):
    """Return the Clopper-Pearson interval of a rate, by bisection."""

    def solve(at_most, level):
        low, high = 0.0, 1.0
        for _ in range(60):
            rate = (low + high) / 2
            logs = [
                math.lgamma(tried + 1) - math.lgamma(k + 1) - math.lgamma(tried - k + 1) for k in range(at_most + 1)
            ]
            below = sum(math.exp(a + k * math.log(rate) + (tried - k) * math.log1p(-rate)) for k, a in enumerate(logs))
            low, high = (rate, high) if below > level else (low, rate)
        return rate

    return solve(wrong - 1, 1 - error / 2) if wrong else 0.0, solve(wrong, error / 2) if wrong < tried else 1.0


def table(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    tried, wrong = Counter(), Counter()
    for row in rows:
        for arm in (row["arm"], "all"):
            key = (row["openvino"], row["isa"], row["network"], arm)
            tried[key] += 1
            wrong[key] += row["wrong"]
    print(
        "| OpenVINO | CPU | network | arm | wrong | compilations | rate, 95 % interval |\n|---|---|---|---|---|---|---|"
    )
    for key, number in sorted(tried.items()):
        low, high = bounds(wrong[key], number)
        print(f"| {' | '.join(key)} | {wrong[key]} | {number} | {low:.3%} to {high:.3%} |")


def isa():
    flags = set(Path("/proc/cpuinfo").read_text().split())
    return next((name for name in ("amx_tile", "avx512_bf16", "avx512f", "avx2") if name in flags), "other")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--ir", type=Path)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    given = parser.parse_args()
    network = given.ir.stem if given.ir else "built in"
    label = {"openvino": ov.__version__.split("-")[0], "isa": isa(), "network": network}
    with tempfile.TemporaryDirectory() as folder:
        hunt, ends = Hunt(given.ir, Path(folder)), time.monotonic() + given.seconds
        for name in itertools.cycle(given.arms):
            if time.monotonic() >= ends:
                break
            rows = hunt.round(BASE | ARMS[name])
            with given.file.open("a") as stream:
                stream.writelines(json.dumps({**label, "arm": name, **row}) + "\n" for row in rows)
    table(given.file)


if __name__ == "__main__":
    main()
