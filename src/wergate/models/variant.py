"""Variant: an IR that the gates compare with its reference model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wergate.config.base import Precision
from wergate.config.thresholds import Thresholds
from wergate.networks.frontend import Frontend


@dataclass(frozen=True)
class Variant:
    """An IR of a model, with its names and its thresholds.

    Attributes:
        model: name of the model in the configuration.
        name: "fp16" or "int8" for an IR that is built here, else the name of the candidate.
        path: the `.xml`, with its `.bin` in the same folder.
        frontend: the reference model's features, frame geometry and alphabet.
        is_candidate: whether the IR was built elsewhere.
        precision: the precision whose thresholds apply.
        thresholds: the thresholds that apply.
        label: name in tables and baselines.
        subject: name in messages.
    """

    model: str
    name: str
    path: Path
    frontend: Frontend
    is_candidate: bool
    precision: Precision
    thresholds: Thresholds
    label: str
    subject: str
