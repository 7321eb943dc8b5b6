"""Train a small CTC network with a log-mel front end inside, and export it to ONNX with float16 weights.

Run from the root of the repository: python docs/studies/log_mel_ctc.py FOLDER --minutes 30
It trains on the embedded corpus: `calibration`, `other`, and every second utterance of `clean`. The rest of `clean` is
written to FOLDER/evaluation.parquet, next to log-mel.onnx and vocab.json. Weights and order are seeded, but the number
of steps depends on the machine.
"""

from __future__ import annotations

import argparse
import io
import json
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import onnx
import pyarrow.parquet as pq
import soundfile
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

CORPUS = Path("fixtures/embedded/corpus")
LABELS = ["<pad>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
RATE, WINDOW, HOP, BINS, BANDS = 16_000, 400, 160, 201, 64
WIDTH, LAYERS, DROPOUT = 160, 6, 0.1
BATCH_S, PEAK_RATE, WARMUP = 48, 2e-3, 100


def mel_filters():
    """Return triangular filters, shape (bands, bins)."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    hertz = np.arange(BINS) * RATE / WINDOW
    rising = (hertz[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz[None]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


class LogMelCtc(nn.Module):
    """Waveform to logits: spectrogram by convolution, mel filters, logarithm, normalization, convolutions, CTC head."""

    def __init__(self):
        super().__init__()
        angle = 2 * np.pi * np.outer(np.arange(BINS), np.arange(WINDOW)) / WINDOW
        for name, wave in (("real", np.cos(angle)), ("imaginary", np.sin(angle))):
            self.register_buffer(name, torch.tensor((wave * np.hanning(WINDOW))[:, None], dtype=torch.float32))
        self.register_buffer("filters", torch.tensor(mel_filters()))
        self.first = nn.Conv1d(BANDS, WIDTH, 5, stride=2, padding=2)
        self.layers = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 5, padding=2) for _ in range(LAYERS))
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(LAYERS))
        self.head = nn.Linear(WIDTH, len(LABELS))

    def features(self, waves):
        real, imaginary = (
            functional.conv1d(waves[:, None], basis, stride=HOP) for basis in (self.real, self.imaginary)
        )
        level = torch.log(torch.matmul(self.filters, real**2 + imaginary**2) + 1e-5)
        centred = level - level.mean((1, 2), keepdim=True)
        return centred / (centred.pow(2).mean((1, 2), keepdim=True).sqrt() + 1e-3)

    def logits(self, features):
        hidden = functional.gelu(self.first(features))
        for layer, norm in zip(self.layers, self.norms):
            change = functional.gelu(layer(norm(hidden.transpose(1, 2)).transpose(1, 2)))
            hidden = hidden + functional.dropout(change, DROPOUT, self.training)
        return self.head(hidden.transpose(1, 2))

    def forward(self, waves):
        return self.logits(self.features(waves))


def read(split):
    """Return the texts and waveforms of a split."""
    rows = pq.read_table(CORPUS / f"{split}-00000-of-00001.parquet").to_pylist()
    return [(row["text"], soundfile.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")[0]) for row in rows]


def masked(features, rng):
    """Return features with two bands and some stretches of time set to the mean, as in SpecAugment."""
    features = features.clone()
    for row in features:
        for _ in range(2):
            width = rng.integers(0, 9)
            start = rng.integers(0, BANDS - width)
            row[start : start + width] = 0
        for _ in range(max(1, row.shape[1] // 100)):
            width = rng.integers(0, 12)
            start = rng.integers(0, max(1, row.shape[1] - width))
            row[:, start : start + width] = 0
    return features


def batches(pairs, rng) -> Iterator[list[int]]:
    """Yield one epoch of batches of similar lengths, in random order."""
    order = sorted(range(len(pairs)), key=lambda number: len(pairs[number][1]) * rng.uniform(0.85, 1.15))
    made, batch = [], []
    for number in order:
        if batch and len(pairs[number][1]) * (len(batch) + 1) > BATCH_S * RATE:
            made.append(batch)
            batch = []
        batch.append(number)
    made.append(batch)
    yield from (made[number] for number in rng.permutation(len(made)))


def loss_of(model, pairs, rng):
    """Return the CTC loss per letter of a batch, with random level, speed and masks."""
    texts, waves = zip(*pairs)
    longest = max(map(len, waves))
    padded = rng.normal(0, 1e-4, (len(waves), longest)).astype(np.float32)
    for row, wave in zip(padded, waves):
        row[: len(wave)] += wave * 10 ** (rng.uniform(-15, 5) / 20)
    with torch.no_grad():
        features = model.features(torch.from_numpy(padded))
        features = functional.interpolate(features, scale_factor=float(rng.uniform(0.85, 1.2)), mode="linear")
    logits = model.logits(masked(features, rng))
    frames = logits.shape[1]
    lengths = torch.tensor([min(frames, int(frames * len(wave) / longest) + 1) for wave in waves])
    targets = [[LABELS.index("|" if letter == " " else letter) for letter in text] for text in texts]
    total = functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        torch.tensor([label for target in targets for label in target]),
        lengths,
        torch.tensor([len(target) for target in targets]),
        reduction="sum",
        zero_infinity=True,
    )
    return total / sum(map(len, targets))


def word_error_rate(model, pairs):
    model.eval()
    with torch.no_grad():
        best = [torch.unique_consecutive(model(torch.from_numpy(wave)[None])[0].argmax(-1)) for _, wave in pairs]
    model.train()
    heard = ["".join(LABELS[label] for label in labels if label).replace("|", " ").strip() for labels in best]
    return jiwer.wer([text for text, _ in pairs], heard)


def train(minutes, start, seed=1):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = LogMelCtc()
    if start:
        model.load_state_dict(torch.load(start, weights_only=True))
    clean = read("clean")
    pairs, held_out = [*read("calibration"), *read("other"), *clean[::2]], clean[1::2][:40]
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.02)
    begin, step, losses = time.monotonic(), 0, []
    while True:
        for batch in batches(pairs, rng):
            done = (time.monotonic() - begin) / 60 / minutes
            if done > 1:
                return model
            for group in optimizer.param_groups:
                group["lr"] = PEAK_RATE * min(1, (step + 1) / WARMUP) * min(1.0, 1.6 * (1 - done) + 0.01)
            loss = loss_of(model, [pairs[number] for number in batch], rng)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            step += 1
            if step % 100 == 0:
                rate = word_error_rate(model, held_out)
                print(f"step {step}, loss {np.mean(losses[-100:]):.3f}, WER {rate:.3f}", flush=True)


def export(model, folder):
    """Write the network with float16 weights that are cast to float32 where they are used."""
    (folder / "vocab.json").write_text(json.dumps({label: number for number, label in enumerate(LABELS)}))
    axes = {"waveform": {0: "batch", 1: "samples"}, "logits": {0: "batch", 1: "frames"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (torch.zeros(1, RATE),),
            folder / "log-mel.onnx",
            input_names=["waveform"],
            output_names=["logits"],
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    proto = onnx.load(folder / "log-mel.onnx")
    for tensor in proto.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            name, values = tensor.name, numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(values, f"{name}_half"))
            cast = helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT, name=f"{name}_cast")
            proto.graph.node.insert(0, cast)
    onnx.checker.check_model(proto)
    onnx.save_model(proto, folder / "log-mel.onnx")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--start", help="weights.pt of an earlier run, to continue from")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    table = pq.read_table(CORPUS / "clean-00000-of-00001.parquet")
    pq.write_table(table.take(list(range(1, len(table), 2))), given.folder / "evaluation.parquet")
    model = train(given.minutes, given.start)
    torch.save(model.state_dict(), given.folder / "weights.pt")
    export(model, given.folder)


if __name__ == "__main__":
    main()
