"""Recordings whose headers lie, and corpora of them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tests.support.tiny import encoded, sound
from wergate.corpora.corpus import CorpusSpec, open_corpus

RATE = 16_000
_RATE_AT, _COUNT_AT = 18, 22  # of a FLAC: 20 bits with the rate, and the last four bytes of the number of samples


def opened(path: Path) -> None:
    """Index a corpus and decode all of it, as a run does."""
    corpus = open_corpus(CorpusSpec(name="hostile", path=path))
    for _ in corpus.utterances(RATE):
        pass


def corpus_of(folder: Path, content: bytes, suffix: str) -> None:
    """Write a manifest of one recording, and read it."""
    (folder / f"one{suffix}").write_bytes(content)
    manifest = folder / "manifest.jsonl"
    manifest.write_text(json.dumps({"audio_filepath": f"one{suffix}", "text": "A LION SINGS"}), encoding="utf-8")
    opened(manifest)


def flac_of_two_billion_samples(folder: Path) -> None:
    """Say 2^31 samples in the header of a FLAC of half a second."""
    content = bytearray(encoded(sound(0.5, seed=1)))
    content[_COUNT_AT : _COUNT_AT + 4] = (2**31).to_bytes(4, "big")
    corpus_of(folder, bytes(content), ".flac")


def flac_of_a_high_rate(folder: Path) -> None:
    """Say 3 * 10^8 samples at 655,350 Hz, which is less than the longest recording that is accepted."""
    content = bytearray(encoded(sound(0.5, seed=1)))
    kept = int.from_bytes(content[_RATE_AT : _RATE_AT + 3], "big") & 0xF
    content[_RATE_AT : _RATE_AT + 3] = (655_350 << 4 | kept).to_bytes(3, "big")
    content[_COUNT_AT : _COUNT_AT + 4] = (3 * 10**8).to_bytes(4, "big")
    corpus_of(folder, bytes(content), ".flac")


def wav_of_two_billion_samples(folder: Path) -> None:
    """Say 2^31 - 2^20 bytes of samples in the header of a WAV of half a second."""
    content = encoded(sound(0.5, seed=1), container="WAV", subtype="PCM_16")
    at = content.index(b"data") + 4
    corpus_of(folder, content[:at] + struct.pack("<I", 2**31 - 2**20) + content[at + 4 :], ".wav")


def wav_of_many_channels(folder: Path) -> None:
    """Say 1,000 channels at 2^31 - 1 Hz in the header of a WAV."""
    content = bytearray(encoded(sound(0.5, seed=1), container="WAV", subtype="PCM_16"))
    at = content.index(b"fmt ") + 8
    content[at + 2 : at + 4] = struct.pack("<H", 1000)
    content[at + 4 : at + 8] = struct.pack("<I", 2**31 - 1)
    corpus_of(folder, bytes(content), ".wav")


def chained_ogg(folder: Path) -> None:
    """Put two Ogg streams of different rates one after another."""
    first = encoded(sound(0.5, seed=1), container="OGG", subtype="VORBIS")
    second = encoded(sound(2, seed=2, rate=48_000), rate=48_000, container="OGG", subtype="VORBIS")
    corpus_of(folder, first + second, ".ogg")
