"""What the tutorial printed, step by step, of a model that POT has quantized."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wergate.corpora.spec import CorpusSpec
from wergate.evaluation.evaluation import Evaluation
from wergate.quantization.pot import PotReport, read_pot_report
from wergate.session.matrix import Cell
from wergate.session.session import Session
from wergate.studies.benchmark_app.app import TUTORIAL_SAMPLES, benchmark_app


@dataclass(frozen=True)
class Steps:
    """The tutorial's steps, of one model and corpus.

    Attributes:
        paths: of the IRs, by variant.
        fps: what `benchmark_app` says of each.
    """

    paths: Mapping[str, Path]
    report: PotReport
    evaluations: Mapping[str, Evaluation]
    fps: Mapping[str, float]


def pot_steps(session: Session, model: str, spec: CorpusSpec, *, seconds: int) -> Steps:
    """Go through the tutorial's steps, most of which have been done by now.

    Args:
        seconds: how long `benchmark_app` runs each IR.
    """
    variants: list[str] = [variant for variant in ("fp16", "int8") if variant in session.config.precisions]
    paths = {variant: session.variant(model, variant).path for variant in variants}
    return Steps(
        paths,
        read_pot_report(session.models.ir(model, "int8")),
        {variant: session.evaluation(Cell(model, spec, variant)) for variant in variants},
        {variant: _fps(session, path, seconds) for variant, path in paths.items()},
    )


def _fps(session: Session, path: Path, seconds: int) -> float:
    precision, options = session.config.inference_precision, {"api": "async"}
    found = benchmark_app(
        path, samples=TUTORIAL_SAMPLES, seconds=seconds, inference_precision=precision, options=options
    )
    return found.fps
