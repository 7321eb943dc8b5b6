"""A variant: an IR that is held against its reference model, found once and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wergate.config.base import Precision
from wergate.config.thresholds import Thresholds
from wergate.networks.frontend import Frontend


@dataclass(frozen=True)
class Variant:
    """An IR of a model, with what it is called and what it is held to.

    Attributes:
        model: the model's name in the configuration.
        name: "fp16" and "int8" for the IRs that are built here, or the name of a candidate.
        path: the `.xml`, its `.bin` beside it.
        frontend: the reference model's features, frame geometry and alphabet.
        is_candidate: whether it was built elsewhere.
        precision: whose thresholds it is held to.
        thresholds: what it is held to.
        label: how tables and baselines call it.
        subject: how messages call it.
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
