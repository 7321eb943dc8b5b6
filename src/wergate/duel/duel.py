"""A duel: both sides transcribe the same speech, their layers are compared, and their timed calls alternate."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal

from wergate.config.benchmarks import DuelSettings
from wergate.corpora.spec import CorpusSpec
from wergate.corpora.waveforms import excerpt
from wergate.duel.answers import Contender, IrTooNewError
from wergate.duel.command import CommandSide, CommandWorker
from wergate.duel.environment import Environment, environments
from wergate.duel.layers import LayerDifference, changed_execution, changed_weights
from wergate.duel.own_ir import OwnBuild, own_ir
from wergate.duel.side import SideSpec
from wergate.duel.transcripts import StoredTranscripts, TranscriptSide, read_transcripts
from wergate.duel.turns import PairTimes, Speech, Start, Turns
from wergate.duel.words import PairedWords, transcribe
from wergate.duel.worker import Compiled, NetworkSide, NetworkWorker
from wergate.errors import SuiteError
from wergate.networks.frontend import Frontend, read_frontend
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.networks.ir.file import written_by
from wergate.session.session import Session
from wergate.steps import step
from wergate.timing.paired import Paired, PairedRule

IrChoice = Literal["shared", "own"]
Side = NetworkSide | CommandSide | TranscriptSide
NAMES = ("A", "B")
_RATE = 16_000  # for sides without a network, as the corpora of this field have it


@dataclass(frozen=True)
class Found:
    """Facts about a side.

    Attributes:
        spec: the side as it was given.
        environment: its Python and its wheels; None without a network.
        compiled: what its runtime says of itself; None without a network.
        ir: its IR; None without a network.
        made_by: release of OpenVINO that wrote the IR; empty without a network.
    """

    spec: SideSpec
    environment: Environment | None = None
    compiled: Compiled | None = None
    ir: Path | None = None
    made_by: str = ""


@dataclass
class Duel:
    """Everything that a duel has measured so far; a side that fails costs what comes after it, and nothing before.

    Attributes:
        model: the model of the run.
        sides: both sides.
        corpora: transcripts of both sides, by corpus.
        layers: layers that differ.
        null: A against A; None if it was not timed.
        time: the time of B over that of A; None if it was not timed.
        pairs: times of each pair of processes of `time`.
        untimed: why the sides were not timed; empty if they were.
        stopped: the error that ended the duel early; None if none did.
    """

    model: str
    sides: list[Found]
    corpora: list[PairedWords] = field(default_factory=list)
    layers: list[LayerDifference] = field(default_factory=list)
    null: Paired | None = None
    time: Paired | None = None
    pairs: list[PairTimes] = field(default_factory=list)
    untimed: str = ""
    stopped: SuiteError | None = None

    @property
    def skipped(self) -> bool:
        """True if a side cannot read the IR of the other one."""
        return isinstance(self.stopped, IrTooNewError)


class DuelRun:
    """A duel over one model, with the files and the speech of a session."""

    def __init__(
        self,
        session: Session,
        model: str,
        specs: tuple[SideSpec, SideSpec],
        *,
        corpora: Sequence[CorpusSpec],
        ir: IrChoice,
    ) -> None:
        """Prepare the duel; nothing is built or started before `run` is called.

        Args:
            session: the session with models, corpora and store.
            model: spec of the model.
            specs: both sides.
            corpora: the corpora that both transcribe.
            ir: whether environments share the IR of the run, or each builds its own.
        """
        self._session, self._model, self._specs, self._ir = session, model, specs, ir
        self._corpora = corpora
        self._settings: DuelSettings = session.config.benchmarks.duel
        self._logs = session.store.root / "logs" / f"duel-{os.getpid()}"
        self._log_numbers = count()

    def run(self) -> Duel:
        """Compare both sides on the model's corpora, then time them."""
        duel = Duel(self._model, [Found(spec) for spec in self._specs])
        try:
            sides = self._sides(duel)
            self._compare(duel, sides)
            self._time(duel, sides)
        except SuiteError as error:
            duel.stopped = error
        else:
            shutil.rmtree(self._logs, ignore_errors=True)
        return duel

    def _sides(self, duel: Duel) -> tuple[Side, Side]:
        requirements = [spec.requirements for spec in self._specs]
        if any(spec.is_network for spec in self._specs):
            found = environments(self._session.store, requirements, self._session.progress)
            duel.sides[:] = [
                Found(spec, one if spec.is_network else None) for spec, one in zip(self._specs, found, strict=True)
            ]
        first, second = (self._side(duel, which) for which in (0, 1))
        return first, second

    def _side(self, duel: Duel, which: int) -> Side:
        spec, environment, name = self._specs[which], duel.sides[which].environment, NAMES[which]
        named = f"{name} ({spec.text})"
        if spec.kind == "transcripts":
            return read_transcripts(named, Path(spec.value))
        if environment is None:
            return CommandSide(named, spec.value, self._sampling_rate, self._settings.patience_s, self._log(name))
        path, frontend = self._network(spec, environment, named)
        duel.sides[which] = Found(spec, environment, None, path, written_by(path))
        return NetworkSide(
            name=named,
            ir=path,
            made_by=written_by(path),
            frontend=frontend,
            environment=environment,
            device=self._session.config.device,
            inference_precision=self._session.config.inference_precision,
            patience_s=self._settings.patience_s,
            log=self._log(name),
        )

    def _network(self, spec: SideSpec, environment: Environment, name: str) -> tuple[Path, Frontend]:
        """Return the IR of a side, and the frontend that belongs to it."""
        if spec.kind == "ir":
            path = Path(spec.value)
            beside = path.with_name(FRONTEND_FILE)
            return path, read_frontend(beside) if beside.is_file() else self._session.frontend(self._model)
        model = spec.value or self._model
        if spec.kind == "environment" and self._ir == "own":
            return self._built(environment, name), self._session.frontend(self._model)
        variant = self._session.variant(model, self._precision)
        return variant.path, variant.frontend

    def _built(self, environment: Environment, name: str) -> Path:
        session = self._session
        build = OwnBuild(
            name=name,
            environment=environment,
            model=session.models.reference(self._model),
            settings=session.config.settings_of(self._model),
            frontend=session.frontend(self._model),
            calibration=session.corpora.calibration(self._model),
            patience_s=self._settings.patience_s,
            log=self._log("build"),
        )
        return session.memo.used(self._model, None, own_ir(session.store, build, session.progress)).file(MODEL_FILE)

    @property
    def _precision(self) -> str:
        """The variant that environments share: INT8 if the run builds it."""
        return "int8" if "int8" in self._session.config.precisions else "fp16"

    @property
    def _sampling_rate(self) -> int:
        if not any(spec.is_network for spec in self._specs):
            return _RATE
        return self._session.frontend(self._model).sampling_rate

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}-{next(self._log_numbers)}.log"

    def _start(self, which: int, side: Side) -> Contender:
        if isinstance(side, TranscriptSide):
            return StoredTranscripts(side)
        log = self._log(NAMES[which])
        if isinstance(side, CommandSide):
            return CommandWorker(replace(side, log=log))
        return NetworkWorker(replace(side, log=log))

    def _compare(self, duel: Duel, sides: tuple[Side, Side]) -> None:
        """Transcribe the model's corpora with both sides, and compare their layers."""
        with ExitStack() as running:
            first, second = (running.enter_context(closing(self._start(*one))) for one in enumerate(sides))
            for which, worker in enumerate((first, second)):
                if isinstance(worker, NetworkWorker):
                    duel.sides[which] = replace(duel.sides[which], compiled=worker.compiled)
            for spec in self._corpora:
                self._words(duel, spec, (first, second))
            if isinstance(first, NetworkWorker) and isinstance(second, NetworkWorker):
                duel.layers.extend(self._layers(duel, first, second))

    def _words(self, duel: Duel, spec: CorpusSpec, sides: tuple[Contender, Contender]) -> None:
        corpora, settings = self._session.corpora, self._session.config.settings_of(self._model)
        corpus = corpora.corpus(self._model, spec)
        words = PairedWords(
            corpus=corpus.name,
            normalizer=corpora.normalizer(self._model, spec),
            tolerance=settings.thresholds.int8.wer_drop_max or 0.0,
            speaker_of=corpus.speaker_of,
            limited=corpus.limited,
        )
        duel.corpora.append(words)
        transcribe(words, corpus, sides, self._sampling_rate, self._session.progress)

    def _layers(self, duel: Duel, first: NetworkWorker, second: NetworkWorker) -> list[LayerDifference]:
        one, other = (side.ir for side in duel.sides)
        assert one is not None
        assert other is not None
        samples = self._speech.samples
        with step("comparison of the layers of both sides"):
            weights = list(changed_weights(one, other)) if one != other else []
            execution = changed_execution(first.executed(samples), second.executed(samples), (one, other))
            return [*weights, *execution]

    @property
    def _speech(self) -> Speech:
        spec = self._session.corpora.first(self._model)
        seconds = self._settings.duration_s
        corpus = self._session.corpora.corpus(self._model, spec)
        samples = excerpt(corpus, seconds, self._sampling_rate)
        return Speech(f"first {seconds:g} s of {spec.name}", samples, seconds)

    def _time(self, duel: Duel, sides: tuple[Side, Side]) -> None:
        """Time A against A, and then B against A."""
        still = [spec.text for spec in self._specs if not spec.is_timed]
        if still:
            duel.untimed = f"not timed: '{still[0]}' has only texts"
            return
        speech = self._speech
        first, second = (partial(self._start, which, side) for which, side in enumerate(sides))
        duel.null = self._turns(speech, (first, first)).time(lambda _: False)
        turns = self._turns(speech, (first, second))
        duel.pairs = turns.pairs
        duel.time = turns.time(is_open(1 + self._settings.slower_max))

    def _turns(self, speech: Speech, starts: tuple[Start, Start]) -> Turns:
        settings = self._settings
        rule = PairedRule(
            budget_s=settings.budget_s,
            open_budget_factor=settings.open_budget_factor,
            open_width_min=0.0,  # a duel continues until it is decided, or its budget is spent
            blocks_min=settings.blocks_min,
            compilations_min=settings.pairs,
            compilations_least=settings.pairs,
            load_difference_max=self._session.config.benchmarks.paired.load_difference_max,
            confidence=settings.confidence,
        )
        return Turns(NAMES, starts, speech, rule)


def is_open(limit: float) -> Callable[[Paired], bool]:
    """Return a predicate: True while the interval of a ratio contains the limit, or too many blocks are void."""
    return lambda found: found.interval.low <= limit < found.interval.high or not found.balance.enough
