"""A side of a duel: `exec:python duel_onnxruntime.py model.onnx vocab.json` reads, transcribes and answers."""

import json
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile

session = onnxruntime.InferenceSession(sys.argv[1])
labels = {number: label for label, number in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")).items()}
for line in sys.stdin:
    question = json.loads(line)
    samples, _ = soundfile.read(question["audio"], dtype="float32")
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    logits = session.run(None, {session.get_inputs()[0].name: samples[None]})[0][0]
    spoken = [labels[number] for number, _ in groupby(logits.argmax(axis=-1).tolist()) if labels[number] != "<pad>"]
    text = " ".join("".join(spoken).replace("|", " ").split())
    sys.stdout.write(json.dumps({"id": question["id"], "text": text}) + "\n")
    sys.stdout.flush()
