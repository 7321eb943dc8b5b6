"""A seeded checkpoint, recordings and a suite file, so small that a complete run takes seconds."""

from __future__ import annotations

import io
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from tests.support.shipped import SUITE
from wergate.config.loading import load_config
from wergate.config.suite import SuiteConfig
from wergate.session.session import Session
from wergate.store import Store

LABELS = ("<pad>", "<s>", "</s>", "<unk>", "|", *"EAIONRTSLCUDPMHG'")
RATE = 16_000
PRECISIONS = ("fp16", "int8")
LOOSE = (
    ("wer_drop_max", "1.0"),
    ("mismatch_rate_max", "1.0"),
    ("max_abs_delta_max", "1e3"),
    ("mean_abs_delta_max", "1e3"),
    ("sqnr_db_min", "-20.0"),
    ("argmax_agreement_min", "0.0"),
    ("length_delta_max", "1e3"),
    ("size_ratio_max", "100.0"),
    ("deletion_rise_max", "1.0"),
    ("insertion_rise_max", "1.0"),
    ("cer_rise_max", "1.0"),
    ("range_wer_rise_max", "1.0"),
    ("length_ratio_min", "0.0"),
    ("length_ratio_max", "100.0"),
    ("worse_rate_max", "1.0"),
    ("worst_utterance_rise_max", "1.0"),
    ("worst_sqnr_db_min", "-20.0"),
)
CONFIG = {
    "vocab_size": len(LABELS),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (16, 16, 16, 16),
    "conv_kernel": (10, 8, 4, 4),
    "conv_stride": (5, 4, 4, 4),
    "num_feat_extract_layers": 4,
    "conv_pos_kernel_size": 5,
    "num_conv_pos_embeddings": 2,
    "num_conv_pos_embedding_groups": 4,
    "mask_time_prob": 0.0,
    "layerdrop": 0.0,
}


def save_processor(folder: Path, **extractor_changes: Any) -> None:
    """Save a processor with the tiny alphabet, in the hub's format."""
    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2Processor

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({label: number for number, label in enumerate(LABELS)}))
    features = {"sampling_rate": RATE, "do_normalize": True, "return_attention_mask": False} | extractor_changes
    extractor = Wav2Vec2FeatureExtractor(**features)
    Wav2Vec2Processor(extractor, Wav2Vec2CTCTokenizer(str(vocabulary))).save_pretrained(folder)


def save_model(folder: Path, *, seed: int = 7, **changes: Any) -> Path:
    """Save a seeded random Data2Vec checkpoint.

    Its logits are wide, so that small numerical differences do not change a transcript.
    """
    import torch
    from transformers import Data2VecAudioConfig, Data2VecAudioForCTC

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Data2VecAudioForCTC(Data2VecAudioConfig(**CONFIG | changes)).eval()
        with torch.no_grad():
            model.lm_head.weight.mul_(50)
    model.save_pretrained(folder)
    save_processor(folder)
    return folder


def sound(seconds: float, *, seed: int, rate: int = RATE) -> np.ndarray:
    """Return chirps in noise: float32, shape (samples,)."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * rate)) / rate
    chirp = np.sin(2 * np.pi * (200 + 300 * generator.random() * time_s) * time_s)
    return (0.3 * chirp * np.sin(2 * np.pi * 3 * time_s) + generator.normal(0, 0.03, len(time_s))).astype(np.float32)


def encoded(samples: np.ndarray, *, rate: int = RATE, container: str = "FLAC", subtype: str | None = None) -> bytes:
    """Return samples, shape (samples,) or (samples, channels), as the bytes of an audio file."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=container, subtype=subtype)
    return stream.getvalue()


@dataclass(frozen=True)
class Spoken:
    """One utterance of a corpus that a test writes."""

    id: str
    text: str
    audio: bytes

    def but(self, **changes: Any) -> Spoken:
        """Return a copy with some fields changed."""
        return replace(self, **changes)


TEXTS = (
    "A LION SINGS",
    "NO ONE HEARD THE PIANO",
    "TEN MEN",
    "IT RAINED",
    "THE CAT SLEEPS",
    "OLD GOATS EAT",
    "RED SAND",
)


def spoken(numbers: Sequence[int]) -> list[Spoken]:
    """Return one seeded utterance for each number, 0.5 to 1.55 s long."""
    return [Spoken(f"u{n}", TEXTS[n % len(TEXTS)], encoded(sound(0.5 + 0.35 * (n % 4), seed=n))) for n in numbers]


def write_corpus(path: Path, utterances: Sequence[Spoken]) -> Path:
    """Write utterances to a parquet file in the hub's format."""
    from datasets import Audio, Features, Value

    features = Features(id=Value("string"), audio=Audio(decode=False), text=Value("string"))
    rows = [{"id": u.id, "audio": {"bytes": u.audio, "path": f"{u.id}.flac"}, "text": u.text} for u in utterances]
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), path)
    return path


@dataclass(frozen=True)
class SuiteFile:
    """The repository's suite.toml with tiny inputs, and thresholds that any working model passes."""

    model: Path
    corpus: Path
    calibration: Path
    changes: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        """Write the file, with all changes: TOML values by dotted key, such as "thresholds.fp16.wer_drop_max": "0"."""
        values = _flat(tomllib.loads(SUITE.read_text())) | self._tiny() | dict(self.changes)
        path.write_text("".join(f"{_quoted(key)} = {value}\n" for key, value in values.items()))
        tomllib.loads(path.read_text())
        return path

    def _tiny(self) -> dict[str, str]:
        tiny = {
            "models": json.dumps([str(self.model)]),
            "corpora": json.dumps([str(self.corpus)]),
            "calibration": json.dumps(str(self.calibration)),
            "quantization.subset_size": "3",
            "calibration_audio.utterances_min": "1",
            "calibration_audio.speakers_min": "1",
            "calibration_audio.audio_s_min": "0.0",
            "thresholds.reference_wer_max": "false",
            "accuracy_control.validation_wer_max": "false",
            "min_words": "1",
            "portability.wer_loss_max": "1.0",
            "thresholds.int8.int8_work_min": "0.8",  # with 32 channels, attention is a sixth of the work
        }
        return tiny | {f"thresholds.{precision}.{key}": value for precision in PRECISIONS for key, value in LOOSE}


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: json.dumps(value)}
    return flat


def _quoted(key: str) -> str:
    return ".".join(json.dumps(part) for part in key.split("."))


@dataclass(frozen=True)
class Tiny:
    """The paths of the tiny inputs."""

    model: Path
    corpus: Path
    calibration: Path

    def suite(self, path: Path, **changes: str) -> Path:
        """Write a suite file with these inputs; the keyword `a__b` stands for the key `a.b`."""
        dotted = {key.replace("__", "."): value for key, value in changes.items()}
        return SuiteFile(self.model, self.corpus, self.calibration, dotted).write(path)

    def config(self, folder: Path, **changes: str) -> SuiteConfig:
        """Return the configuration of such a suite file."""
        return load_config(self.suite(folder / "tiny.toml", **changes), {})

    def session(self, folder: Path, cache: Path, **changes: str) -> Session:
        """Return a session with these inputs and a store in `cache`."""
        return Session(self.config(folder, **changes), embedded=folder, store=Store(cache))
