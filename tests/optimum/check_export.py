"""Load exported folders with optimum-intel and compare their transcripts with those of the suite.

The script runs in an environment with optimum-intel and without wergate (`tox run -e optimum -- ...`), like that of a
user of an exported folder. It reads the folder, the transcripts file (`--transcripts` of the gates) and the audio.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

_SHOWN = 3
_BUCKETS = (
    "the suite's transcripts are those of utterances padded to fixed lengths, where INT8 is rounded elsewhere and near "
    "ties may turn: for those of this path, run the gates with --shapes dynamic"
)


@dataclass(frozen=True)
class Spoken:
    """An utterance with the transcript of the suite; `audio` is the SHA-256 of its encoded audio."""

    audio: str
    id: str
    transcript: str


def main(arguments: Sequence[str]) -> int:
    """Check every folder and print one line for each; return 0 if all transcripts are equal, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folder that --export wrote")
    parser.add_argument(
        "--transcripts", required=True, type=Path, metavar="FILE.jsonl", help="transcripts of the same run"
    )
    parser.add_argument(
        "--audio", required=True, type=Path, nargs="+", metavar="FILE.parquet", help="corpora of that run"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="compare the first N utterances of each folder")
    given = parser.parse_args(arguments)
    audio = dict(_recordings(given.audio))
    return max(_check(folder, given.transcripts, audio, given.limit) for folder in given.folders)


def _recordings(files: Sequence[Path]) -> Iterator[tuple[str, bytes]]:
    import pyarrow.parquet as pq

    for path in files:
        for row in pq.read_table(path, columns=["audio"]).to_pylist():
            yield hashlib.sha256(row["audio"]["bytes"]).hexdigest(), row["audio"]["bytes"]


def _check(folder: Path, transcripts: Path, audio: dict[str, bytes], limit: int | None) -> int:
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    changed = _changed(folder, results)
    if changed:
        print(f"DIFFERS {folder.name}: checksums in results.json do not match {', '.join(changed)}")
        return 1
    spoken = [line for line in _transcripts(transcripts, results) if line.audio in audio][:limit]
    if not spoken:
        print(f"DIFFERS {folder.name}: no transcript of its IR in '{transcripts}' has its audio in the given files")
        return 1
    started = time.perf_counter()
    texts = list(_transcribed(folder, results, [audio[line.audio] for line in spoken]))
    different = [(line, text) for line, text in zip(spoken, texts, strict=True) if line.transcript != text]
    for line, text in different[:_SHOWN]:
        print(f"{line.id}\n  wergate: {line.transcript}\n  optimum: {text}")
    equal = f"{len(spoken) - len(different)} of {len(spoken)} transcripts equal at {_precision(results)}"
    took = f"{time.perf_counter() - started:.1f} s ({_versions()}); {_card_results(folder)} results in its card"
    print(f"{'DIFFERS' if different else 'OK'} {folder.name}: {equal} in {took}")
    if different and results["options"]["shapes"] == "buckets" and results["variant"] != "fp16":
        print(f"  {_BUCKETS}")
    return 1 if different else 0


def _changed(folder: Path, results: dict[str, Any]) -> list[str]:
    """Return the files whose checksums differ from those in the results."""
    bound = results["ir"] | results["files"]
    return [name for name in bound if hashlib.sha256((folder / name).read_bytes()).hexdigest() != bound[name]]


def _transcripts(path: Path, results: dict[str, Any]) -> Iterator[Spoken]:
    """Yield the suite's transcripts of this IR, identified by its checksums, once for each recording."""
    digests = {Path(name).suffix: digest for name, digest in results["ir"].items()}
    key = hashlib.sha256(json.dumps(digests, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    seen: set[str] = set()
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["ir"] == key and row["audio"] not in seen:
                seen.add(row["audio"])
                yield Spoken(row["audio"], row["id"], row["hypothesis"])


def _transcribed(folder: Path, results: dict[str, Any], recordings: Sequence[bytes]) -> Iterator[str]:
    import soundfile
    from optimum.intel import OVModelForCTC
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(str(folder))
    model = OVModelForCTC.from_pretrained(str(folder), ov_config={"INFERENCE_PRECISION_HINT": _precision(results)})
    for recording in recordings:
        samples, rate = soundfile.read(io.BytesIO(recording), dtype="float32")
        inputs = processor(samples, sampling_rate=rate, return_tensors="pt")
        yield processor.batch_decode(model(**inputs).logits.argmax(-1))[0]


def _precision(results: dict[str, Any]) -> str:
    return str(results["options"]["inference_precision"])


def _versions() -> str:
    return ", ".join(f"{name} {metadata.version(name)}" for name in ("optimum-intel", "transformers", "openvino"))


def _card_results(folder: Path) -> int:
    """Return the number of results that the hub's client finds in the model card."""
    from huggingface_hub import ModelCard

    return len(ModelCard.load(folder / "README.md").data.eval_results or [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
