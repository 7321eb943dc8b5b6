"""A side of a duel: `exec:python duel_onnxruntime.py model.onnx vocab.json` reads, transcribes and answers."""

import json
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile

options = onnxruntime.SessionOptions()
options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # a side rests while the other one is timed
session = onnxruntime.InferenceSession(sys.argv[1], options)
labels = {number: label for label, number in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")).items()}
for line in sys.stdin:
    question = json.loads(line)
    samples, _ = soundfile.read(question["audio"], dtype="float32")
    samples = (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)
    logits = session.run(None, {session.get_inputs()[0].name: samples[None]})[0][0]
    best = [labels[number] for number, _ in groupby(logits.argmax(axis=-1).tolist())]
    text = " ".join("".join(label for label in best if label[0] != "<").replace("|", " ").split())
    sys.stdout.write(json.dumps({"id": question["id"], "text": text}) + "\n")
    sys.stdout.flush()
