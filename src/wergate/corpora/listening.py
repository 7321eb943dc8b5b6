"""Recordings of a corpus as WAV files, for people who want to hear them."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
import soundfile

from wergate.corpora.corpus import Corpus
from wergate.disk.files import replacing
from wergate.disk.folders import make_folder
from wergate.errors import SuiteError
from wergate.store import text_digest

_LONGEST = 80  # characters of a name
_DIGEST = 8  # characters of a digest


def write_recordings(corpus: Corpus, ids: Collection[str], folder: Path, sampling_rate: int) -> dict[str, Path]:
    """Write utterances as a model hears them, mono and at its sampling rate, and return the files by utterance id.

    Args:
        corpus: the corpus.
        ids: ids of the utterances.
        folder: a folder with the name of the corpus is made in it.
        sampling_rate: rate in Hz.

    Raises:
        SuiteError: a file cannot be written, or audio cannot be decoded.
    """
    written = {}
    for utterance in corpus.utterances(sampling_rate, only=ids):
        path = folder / _file_name(corpus.name) / f"{_file_name(utterance.id)}.wav"
        samples = np.clip(utterance.waveform.samples, -1, 1)
        try:
            make_folder(path.parent)
            with replacing(path) as partial:  # another worker may write the same file
                soundfile.write(partial, samples, sampling_rate, format="WAV", subtype="PCM_16")
        except (OSError, soundfile.LibsndfileError) as error:
            raise SuiteError(f"audio file '{path}' cannot be written: {error}; correct --worst-audio") from error
        written[utterance.id] = path
    return written


def _file_name(name: str) -> str:
    """Return a name as one that every file system accepts; a name that changes gets a digest, so that none collide."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip(".-")[:_LONGEST]
    return safe if safe == name else f"{safe}-{text_digest(name)[:_DIGEST]}"
