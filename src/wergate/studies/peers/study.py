"""A race of all peers over one model: files, speech, interleaved timing and the table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from wergate.config.benchmarks import NoiseSettings, PeerRaceSettings
from wergate.corpora.audio import Samples
from wergate.corpora.sampling import librispeech_like
from wergate.corpora.waveforms import pieces
from wergate.environment.digest import source_digest
from wergate.environment.machine import cpu, versions
from wergate.errors import SuiteError, did_you_mean
from wergate.evaluation.evaluation import Evaluation
from wergate.formatting import decibels, percent
from wergate.models.checkpoint import Checkpoint, resolve_checkpoint
from wergate.networks.ctc import Logits
from wergate.networks.ir.conversion import FRONTEND_FILE, MODEL_FILE
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.subprocess.messages import read_arrays, write_arrays
from wergate.session.session import Session
from wergate.steps import step
from wergate.store import Artifact
from wergate.studies.peers.catalog import PEERS, Peer, why_absent
from wergate.studies.peers.client import PeerClient
from wergate.studies.peers.messages import Bucketing, PeerOrder
from wergate.studies.peers.onnx import onnx_file
from wergate.studies.peers.race import PeerRecord, Race, RaceRule, Speech
from wergate.studies.peers.table import PeerTable, peer_rows
from wergate.timing.noise import MachineActivity, read_counters, seen_between

_VERSIONS = ("openvino", "nncf", "torch", "transformers", "onnxruntime", "onnx")
_LOGITS = "logits.npz"


@dataclass(frozen=True)
class Finished:
    """Results of a race."""

    table: PeerTable
    records: tuple[PeerRecord, ...]


def chosen(settings: PeerRaceSettings) -> list[Peer]:
    """Return the peers that `benchmarks.peers.names` selects; all if it is empty.

    Raises:
        SuiteError: a name is not that of a peer.
    """
    known = {peer.key: peer for peer in PEERS}
    for name in settings.names:
        if name not in known:
            raise SuiteError(
                f"benchmarks.peers.names: unknown peer '{name}'{did_you_mean(name, known)}; accepted: "
                f"{', '.join(known)}; correct suite.toml"
            )
    return [peer for peer in PEERS if not settings.names or peer.key in settings.names]


def _noise(seen: MachineActivity, rule: NoiseSettings) -> list[str]:
    """Return a line for each kind of other activity that exceeded its threshold for undisturbed figures."""
    shares = {
        "stolen by the host": (seen.steal, rule.steal_max),
        "used by other processes": (seen.others, rule.others_max),
    }
    return [
        f"noisy: {percent(share, 0)} % of the CPU time was {what}"
        for what, (share, maximum) in shares.items()
        if share is not None and share > maximum
    ]


class PeerRun:
    """A race over one model, with the files and speech of a session."""

    def __init__(self, session: Session, model: str, embedded: Path) -> None:
        """Prepare the race; nothing is built before `race` is called.

        Args:
            session: the session with models, corpora and store.
            model: spec of the model.
            embedded: folder of the embedded model.
        """
        self._session = session
        self._model = model
        self._settings = session.config.benchmarks.peers
        self._checkpoint = self._resolved(embedded)
        self._onnx = None if self._checkpoint else Path(session.config.settings_of(model).spec)
        self._speech = session.corpora.first(model)

    def race(self) -> Finished:
        """Time all peers interleaved, then have each of them transcribe the model's first corpus."""
        durations_s = self._durations_s()
        corpus, alone = self._pieces(durations_s), self._alone()
        absent = {peer: self._absent(peer) for peer in chosen(self._settings)}
        records = [PeerRecord(peer, absent=reason or "") for peer, reason in absent.items()]
        # orders build missing files, which must not happen while peers are timed
        orders = {record.peer: self._order(record.peer) for record in records if record.runs}
        before = read_counters()
        race = Race(records, partial(self._start, orders), self._rule)
        try:
            race.warm_up([alone[duration_s].utterances[0] for duration_s in sorted(alone, reverse=True)])
            race.latencies(alone)
            race.throughput(corpus)
            if not self._session.models.reference(self._model).random:
                race.evaluate(self._evaluate)
        finally:
            race.close()
        seen = seen_between(before, read_counters())
        noise = _noise(seen, self._session.config.benchmarks.noise)
        return Finished(self._table(records, sum(durations_s), noise), tuple(records))

    @property
    def _rule(self) -> RaceRule:
        return RaceRule(**self._settings.model_dump(include={"rounds", "calls", "block", "seed"}))

    def _resolved(self, embedded: Path) -> Checkpoint | None:
        settings = self._session.config.settings_of(self._model)
        if settings.spec.endswith(".onnx"):
            return None
        allow_pickle = self._session.config.allow_pickle
        return resolve_checkpoint(settings.spec, embedded, language=settings.language, allow_pickle=allow_pickle)

    def _durations_s(self) -> tuple[float, ...]:
        limit = self._session.config.limit or self._settings.utterances
        return librispeech_like(min(limit, self._settings.utterances), self._settings.seed)

    def _pieces(self, durations_s: Sequence[float]) -> Speech:
        corpus = self._session.corpora.corpus(self._model, self._speech)
        rate = self._session.frontend(self._model).sampling_rate
        utterances = pieces(corpus, durations_s, rate)
        return Speech(utterances, self._reference(utterances))

    def _alone(self) -> dict[float, Speech]:
        return {
            duration_s: Speech(
                [self._session.evaluations.excerpt(self._model, self._speech, duration_s)],
                [self._session.evaluations.excerpt_logits(self._model, self._speech, duration_s)],
            )
            for duration_s in self._session.config.benchmarks.durations_s
        }

    def _reference(self, utterances: Sequence[Samples]) -> list[Logits]:
        """Return the reference model's logits for these utterances, from the store if they were computed before."""
        model = self._session.models.reference(self._model)
        digest = hashlib.sha256()
        for samples in utterances:
            digest.update(hashlib.sha256(samples.tobytes()).digest())
        parts = {
            "model": model.digest,
            "utterances": digest.hexdigest(),
            "versions": versions((*model.packages, "numpy")),
            "source": source_digest(__name__, type(model).__module__),
        }

        def build(folder: Path) -> None:
            recognizer = self._session.models.reference_recognizer(self._model)
            write_arrays(folder / _LOGITS, recognizer.logits_of(utterances))

        artifact: Artifact = self._session.store.get("peer-reference", parts, build)
        return read_arrays(artifact.file(_LOGITS))

    def _file(self, peer: Peer) -> Path | None:
        """Return the file that a peer loads; None for a peer that loads the checkpoint."""
        if peer.engine == "openvino":
            return self._session.models.ir(self._model, peer.file).file(MODEL_FILE)
        if peer.engine == "onnxruntime" and self._checkpoint is not None:
            calibration, frontend = self._session.corpora.calibration(self._model), self._session.frontend(self._model)
            with step(f"building the ONNX file of {peer.name} of '{self._model}'"):
                return onnx_file(self._session.store, peer.file, self._checkpoint, calibration, frontend)
        return self._onnx

    def _order(self, peer: Peer) -> PeerOrder:
        frontend_file = self._session.models.ir(self._model, "fp16").file(FRONTEND_FILE)
        streams = self._session.recognizers.corpus_streams
        bucketing = self._bucketing() if peer.bucketed else None
        return PeerOrder(
            peer=peer,
            frontend=frontend_file,
            checkpoint=self._checkpoint,
            file=self._file(peer),
            streams=streams,
            bucketing=bucketing,
        )

    def _absent(self, peer: Peer) -> str | None:
        padding_exact = not peer.bucketed or self._session.recognizers.may_be_padded(
            self._session.variant(self._model, "int8")
        )
        return why_absent(peer, checkpoint=self._checkpoint is not None, padding_exact=padding_exact)

    def _bucketing(self) -> Bucketing:
        """Return the buckets: the exact length of each single utterance, and the suite's own choice for the corpus."""
        config, variant = self._session.config, self._session.variant(self._model, "int8")
        frontend = variant.frontend
        alone = [frontend.used_samples(round(s * frontend.sampling_rate)) for s in config.benchmarks.durations_s]
        corpus = self._session.recognizers.buckets(variant.path, frontend, self._durations_s())
        probe = config.buckets.probe_sqnr_db_min
        shortest_first, store = Buckets(tuple(sorted(alone))), self._session.store.root
        return Bucketing(store=store, alone=shortest_first, corpus=corpus, probe_sqnr_db_min=probe)

    def _start(self, orders: Mapping[Peer, PeerOrder], peer: Peer) -> PeerClient:
        environment = {"TORCHINDUCTOR_CACHE_DIR": str(self._session.store.root / "inductor")}
        return PeerClient(orders[peer], self._session.frontend(self._model), environment)

    def _evaluate(self, peer: Peer, client: PeerClient) -> Evaluation:
        variant = replace(self._session.variant(self._model, "fp16"), subject=peer.name)
        return self._session.evaluations.evaluate(variant, self._speech, lambda: client)

    def sqnr_db_min(self, peer: Peer) -> float:
        """Return the minimum SQNR of a peer's logits for every timed utterance, in dB."""
        general = self._settings.sqnr_db_min[peer.kind]
        by_model = self._session.config.benchmarks.int8_sqnr_db_min_by_model
        return by_model.get(self._model, general) if peer.kind == "int8" else general

    def _wrong(self, record: PeerRecord) -> str:
        """Return why a peer's logits are wrong; empty if all timed ones are close enough to the reference."""
        if record.worst is None:
            return "nothing was timed"
        minimum, sqnr_db = self.sqnr_db_min(record.peer), record.worst.sqnr_db
        if sqnr_db >= minimum:
            return ""
        return f"SQNR of an utterance is {decibels(sqnr_db)} dB, but should be >= {minimum:g} dB"

    def _table(self, records: Sequence[PeerRecord], audio_s: float, noise: list[str]) -> PeerTable:
        machine = cpu()
        words = next((r.evaluation.candidate.total.words for r in records if r.evaluation), 0)
        return PeerTable(
            model=self._model,
            cpu=machine.model,
            isa=machine.isa,
            cores=machine.cores,
            versions=versions(_VERSIONS),
            utterances=len(self._durations_s()),
            audio_s=audio_s,
            words=words,
            noise=noise,
            rows=peer_rows(records, self._wrong, audio_s),
        )
