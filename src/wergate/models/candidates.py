"""Candidates: IRs that were built elsewhere, held to the reference model as our own are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wergate.errors import SuiteError
from wergate.networks.frontend import Frontend
from wergate.recognizers.base import Recognizer

_EXPORTED_NAME = "openvino_model.xml"  # as optimum-intel calls it
_NO_NAMES = frozenset({"openvino_model", "model"})  # what many folders hold: the folder tells them apart
_EDGES_S = (1, 5)
_EXTRACTOR_FILES = ("preprocessor_config.json", "processor_config.json")


def find_candidate(given: str) -> tuple[str, Path]:
    """Return a candidate's name and its `.xml`.

    Args:
        given: an `.xml` with its `.bin` beside it, or a folder that holds one.

    Raises:
        SuiteError: not there, or incomplete.
    """
    path = Path(given)
    xml = _xml_in(path) if path.is_dir() else path
    if xml.suffix != ".xml" or not xml.is_file():
        raise SuiteError(
            f"candidate '{given}' is no IR; an .xml with its .bin beside it, or a folder with one, is accepted; "
            "check --candidate"
        )
    if not xml.with_suffix(".bin").is_file():
        raise SuiteError(
            f"candidate '{given}' has no weights: '{xml.with_suffix('.bin').name}' is not beside '{xml.name}'; "
            "copy both files of the IR"
        )
    absolute = xml.resolve()
    return absolute.parent.name if xml.stem in _NO_NAMES else xml.stem, absolute


def _xml_in(folder: Path) -> Path:
    """Return the IR of a folder; where there are several, the one that is called as optimum-intel calls it."""
    found = sorted(folder.glob("*.xml"))
    if len(found) == 1:
        return found[0]
    if folder / _EXPORTED_NAME in found:
        return folder / _EXPORTED_NAME
    names = ", ".join(path.name for path in found) or "none"
    raise SuiteError(
        f"candidate folder '{folder}' should hold one IR, but has {names}; name the .xml itself with --candidate"
    )


def require_sampling_rate(name: str, path: Path, frontend: Frontend) -> None:
    """Refuse a candidate whose processor files ask for another sampling rate than the reference model.

    Raises:
        SuiteError: the rates differ.
    """
    rate = _sampling_rate(path.parent)
    if rate is not None and rate != frontend.sampling_rate:
        raise SuiteError(
            f"candidate '{name}' takes audio at {rate} Hz, the reference model at {frontend.sampling_rate} Hz; both "
            "must hear the same; name the model that the candidate was made from with --model"
        )


def _sampling_rate(folder: Path) -> int | None:
    for name in _EXTRACTOR_FILES:
        try:
            told = json.loads((folder / name).read_text(encoding="utf-8"))
            rate = told.get("feature_extractor", told).get("sampling_rate")
        except (OSError, ValueError, AttributeError):  # not there, no JSON, or JSON of another form: it tells nothing
            continue
        if isinstance(rate, int):
            return rate
    return None


def require_same_frames(name: str, recognizer: Recognizer) -> None:
    """Refuse a candidate that gives another number of frames than the reference model.

    Raises:
        SuiteError: the numbers differ for one second, or where the reference model's next frame begins after one
            second and after five: another receptive field or hop shows there at the latest.
    """
    frontend = recognizer.frontend
    for samples in (frontend.sampling_rate, *_edges(frontend)):
        found = recognizer.logits(np.zeros((1, samples), np.float32)).shape[1]
        expected = frontend.frame_count(samples)
        if found != expected:
            raise SuiteError(
                f"candidate '{name}' gives {found} frames for {samples} samples, the reference model {expected}; "
                "frames are compared one by one; name the model that the candidate was made from with --model"
            )


def _edges(frontend: Frontend) -> Iterator[int]:
    """Yield the last length before a frame is added, and the first with it."""
    for seconds in _EDGES_S:
        frames = seconds * frontend.sampling_rate // frontend.hop
        yield from (frontend.receptive_field + frames * frontend.hop - less for less in (1, 0))
