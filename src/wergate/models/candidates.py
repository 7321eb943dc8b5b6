"""Candidates: IRs that were built elsewhere and pass the same gates as the IRs that are built here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wergate.errors import SuiteError
from wergate.hub import folder_name
from wergate.networks.frontend import Frontend
from wergate.recognizers.base import Recognizer

_EXPORTED_NAME = "openvino_model.xml"  # name of optimum-intel
_COMMON_STEMS = frozenset({"openvino_model", "model"})  # not distinctive, so the folder's name is used instead
_EDGES_S = (1, 5)
_EXTRACTOR_FILES = ("preprocessor_config.json", "processor_config.json")


def find_candidate(given: str) -> tuple[str, Path]:
    """Return a candidate's name and its `.xml`.

    Args:
        given: an `.xml` with its `.bin` in the same folder, or a folder with one IR.

    Raises:
        SuiteError: the IR does not exist, or a file of it is missing.
    """
    path = Path(given)
    xml = _xml_in(path) if path.is_dir() else path
    if xml.suffix != ".xml" or not xml.is_file():
        raise SuiteError(
            f"candidate '{given}' is not an OpenVINO IR; an .xml with its .bin in the same folder, or a folder with "
            "one IR, is accepted; check --candidate"
        )
    if xml.is_symlink() and not xml.with_suffix(".bin").exists():
        xml = xml.resolve()  # a link to the .xml alone; files of the hub client's cache are links one by one
    if not xml.with_suffix(".bin").is_file():
        raise SuiteError(
            f"candidate '{given}' has no weights: '{xml.with_suffix('.bin').name}' is missing in the folder of "
            f"'{xml.name}'; an IR needs both files; copy them again"
        )
    absolute = Path(os.path.normpath(xml.absolute()))
    return folder_name(absolute.parent) if xml.stem in _COMMON_STEMS else xml.stem, absolute


def _xml_in(folder: Path) -> Path:
    """Return the only IR of a folder, or the one with the name of optimum-intel if there are several."""
    irs = sorted(folder.glob("*.xml"))
    if len(irs) == 1:
        return irs[0]
    if folder / _EXPORTED_NAME in irs:
        return folder / _EXPORTED_NAME
    names = ", ".join(path.name for path in irs) or "none"
    raise SuiteError(
        f"candidate folder '{folder}' should hold one IR, but has {names}; choose an .xml file with --candidate"
    )


def require_sampling_rate(name: str, path: Path, frontend: Frontend) -> None:
    """Check that a candidate's processor files have the sampling rate of the reference model.

    Args:
        name: name of the candidate in messages.
        path: the candidate's `.xml`; its folder may have processor files.
        frontend: the reference model's frontend.

    Raises:
        SuiteError: the rates differ.
    """
    rate = _sampling_rate(path.parent)
    if rate is not None and rate != frontend.sampling_rate:
        raise SuiteError(
            f"candidate '{name}' takes audio at {rate} Hz, but the reference model at {frontend.sampling_rate} Hz; "
            "both must have the same rate; choose the model that the candidate was built from with --model"
        )


def _sampling_rate(folder: Path) -> int | None:
    for name in _EXTRACTOR_FILES:
        try:
            settings = json.loads((folder / name).read_text(encoding="utf-8"))
            rate = settings.get("feature_extractor", settings).get("sampling_rate")
        except (OSError, ValueError, AttributeError):  # missing, not JSON, or JSON of another form: no rate in it
            continue
        if isinstance(rate, int):
            return rate
    return None


def require_same_frames(name: str, recognizer: Recognizer) -> None:
    """Check that a candidate gives as many frames as the reference model.

    The check runs inputs of one second, and inputs just below and at the next frame after one and after five seconds.
    A different receptive field or hop changes the number of frames at one of these lengths.

    Args:
        name: name of the candidate in messages.
        recognizer: the candidate, with the reference model's frontend.

    Raises:
        SuiteError: the numbers of frames differ.
    """
    frontend = recognizer.frontend
    for samples in (frontend.sampling_rate, *_edges(frontend)):
        frames = recognizer.logits(np.zeros((1, samples), np.float32)).shape[1]
        expected = frontend.frame_count(samples)
        if frames != expected:
            raise SuiteError(
                f"candidate '{name}' gives {frames} frames for {samples} samples, but the reference model {expected}; "
                "both must give the same number; choose the model that the candidate was built from with --model"
            )


def _edges(frontend: Frontend) -> Iterator[int]:
    """Yield the longest input without and the shortest with another frame, for several durations."""
    for seconds in _EDGES_S:
        frames = seconds * frontend.sampling_rate // frontend.hop
        yield from (frontend.receptive_field + frames * frontend.hop - less for less in (1, 0))
