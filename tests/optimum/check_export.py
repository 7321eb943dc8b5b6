"""Load exported folders with optimum-intel and hold their transcripts to those that the suite wrote down.

Runs in an environment with optimum-intel and without this suite (`tox run -e optimum -- ...`), as whoever is given an
exported folder would: what it reads is the folder, the transcripts (`--transcripts` of the gates) and the audio.
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


@dataclass(frozen=True)
class Spoken:
    """An utterance as the suite transcribed it: SHA-256 of its encoded audio, its id and the transcript."""

    audio: str
    id: str
    transcript: str


def main(arguments: Sequence[str]) -> int:
    """Check every folder, one line each: 0 where all transcripts are equal, 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="what --export wrote")
    parser.add_argument("--transcripts", required=True, type=Path, metavar="FILE.jsonl", help="of the same run")
    parser.add_argument("--audio", required=True, type=Path, nargs="+", metavar="FILE.parquet", help="its corpora")
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
        print(f"DIFFERS {folder.name}: {', '.join(changed)} not what results.json belongs to")
        return 1
    spoken = [line for line in _transcripts(transcripts, results) if line.audio in audio][:limit]
    if not spoken:
        print(f"DIFFERS {folder.name}: no transcript of its IR in '{transcripts}' has its audio in the files given")
        return 1
    started = time.perf_counter()
    heard = list(_heard(folder, results, [audio[line.audio] for line in spoken]))
    different = [(line, text) for line, text in zip(spoken, heard, strict=True) if line.transcript != text]
    for line, text in different[:_SHOWN]:
        print(f"{line.id}\n  wergate: {line.transcript}\n  optimum: {text}")
    found = f"{len(spoken) - len(different)} of {len(spoken)} transcripts equal at {_precision(results)}"
    took = f"{time.perf_counter() - started:.1f} s ({_versions()}); {_card_results(folder)} results in its card"
    print(f"{'DIFFERS' if different else 'OK'} {folder.name}: {found} in {took}")
    return 1 if different else 0


def _changed(folder: Path, results: dict[str, Any]) -> list[str]:
    """Return the files that are not those that the results were written for."""
    bound = results["ir"] | results["files"]
    return [name for name in bound if hashlib.sha256((folder / name).read_bytes()).hexdigest() != bound[name]]


def _transcripts(path: Path, results: dict[str, Any]) -> Iterator[Spoken]:
    """Yield what the suite wrote down of this very IR, known by its checksums, once for each audio."""
    digests = {Path(name).suffix: digest for name, digest in results["ir"].items()}
    key = hashlib.sha256(json.dumps(digests, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    seen: set[str] = set()
    with path.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["ir"] == key and row["audio"] not in seen:
                seen.add(row["audio"])
                yield Spoken(row["audio"], row["id"], row["hypothesis"])


def _heard(folder: Path, results: dict[str, Any], recordings: Sequence[bytes]) -> Iterator[str]:
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
    """Return how many results the hub's own client finds in the card."""
    from huggingface_hub import ModelCard

    return len(ModelCard.load(folder / "README.md").data.eval_results or [])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
