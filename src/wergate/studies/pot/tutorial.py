"""Steps of the POT tutorial, for a model that POT quantized."""

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
    """Results of the tutorial's steps for one model and corpus.

    Attributes:
        paths: IR paths by variant.
        report: POT's own report of the quantization.
        evaluations: evaluations by variant.
        fps: inferences per second from `benchmark_app`, by variant.
    """

    paths: Mapping[str, Path]
    report: PotReport
    evaluations: Mapping[str, Evaluation]
    fps: Mapping[str, float]


def pot_steps(session: Session, model: str, spec: CorpusSpec, *, seconds: int) -> Steps:
    """Run the tutorial's steps, or reuse the results that the session already has.

    Args:
        session: the session.
        model: spec of the model.
        spec: the corpus.
        seconds: duration of `benchmark_app` for each IR.
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
    figures = benchmark_app(
        path, samples=TUTORIAL_SAMPLES, seconds=seconds, inference_precision=precision, options=options
    )
    return figures.fps
