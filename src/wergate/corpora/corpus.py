"""Corpora of utterances with reference transcripts, indexed once and then decoded one utterance at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from wergate.corpora import audio
from wergate.corpora.index import Entry, Index, Skipped, has_digest, load
from wergate.corpora.recording import Recording, find_columns, recordings
from wergate.corpora.sampling import draw_utterances
from wergate.corpora.sources.base import Source
from wergate.corpora.sources.opening import open_source, parse_corpus_specs
from wergate.corpora.spec import Columns, CorpusSpec
from wergate.errors import BadUtteranceError, SuiteError
from wergate.progress import Progress, silent
from wergate.store import Store, text_digest

CALIBRATION_SHARE = 4  # at most one recording of so many is set aside
__all__ = [
    "CALIBRATION_SHARE",
    "Columns",
    "Corpus",
    "CorpusSpec",
    "EncodedUtterance",
    "Utterance",
    "open_corpus",
    "parse_corpus_specs",
    "require_disjoint",
]


@dataclass(frozen=True)
class Utterance:
    """One decoded recording with its reference transcript."""

    id: str
    text: str
    speaker: str
    waveform: audio.Waveform


@dataclass(frozen=True)
class EncodedUtterance:
    """One recording that is not decoded yet, with its reference transcript.

    Attributes:
        entry: its entry in the index.
        recording: its audio: encoded bytes, or the path of a file of which it is a part.
        max_duration_s: longest accepted duration.
    """

    entry: Entry
    recording: Recording
    max_duration_s: float

    def decoded(self, sampling_rate: int) -> Utterance:
        """Return the utterance with its waveform.

        Args:
            sampling_rate: rate of the waveform in Hz.

        Raises:
            SuiteError: the audio cannot be decoded.
        """
        waveform = audio.decode(
            self.recording.audio,
            sampling_rate,
            name=self.entry.id,
            part=self.recording.part,
            channel=self.recording.channel,
            max_duration_s=self.max_duration_s,
        )
        return Utterance(self.entry.id, self.recording.text, self.recording.speaker, waveform)


@dataclass(frozen=True)
class Corpus:
    """An opened corpus, with known columns and digests but no decoded audio.

    Attributes:
        spec: where the corpus comes from, and how it is read.
        source: the rows of the corpus.
        columns: names of its columns.
        entries: the utterances in use, in corpus order; a sample of `whole` if there is a limit.
        whole: all usable utterances, in corpus order.
        skipped: unusable utterances, left out because `spec.skip_bad` is set.
        index_notes: remarks on the utterances, such as that ids were made unique.
    """

    spec: CorpusSpec
    source: Source
    columns: Columns
    entries: tuple[Entry, ...]
    whole: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()
    index_notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the corpus in tables and test ids."""
        return self.spec.name

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each utterance's encoded audio by utterance id, in corpus order."""
        return {entry.id: entry.digest for entry in self.entries}

    @cached_property
    def durations(self) -> Mapping[str, float]:
        """Duration of each utterance in seconds by utterance id, in corpus order, from the header of its audio."""
        return {entry.id: entry.duration_s for entry in self.entries}

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the utterances, in corpus order."""
        return tuple(self.digests)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, transcripts and audio of all utterances, in corpus order."""
        whole = "\0".join(f"{entry.id}\0{entry.digest}\0{entry.text_digest}" for entry in self.entries)
        return text_digest(whole)

    @property
    def speakers(self) -> int:
        """Number of speakers; 0 if an utterance has no speaker."""
        return len(set(self.speaker_of.values()))

    @property
    def speaker_of(self) -> Mapping[str, str]:
        """Speaker of each utterance by utterance id; empty if an utterance has no speaker."""
        names = {entry.id: entry.speaker for entry in self.entries}
        return {} if "" in names.values() else names

    @property
    def limited(self) -> bool:
        """True if the limit left out utterances that could be evaluated."""
        return self.spec.limit == len(self.entries) < len(self.whole)

    @property
    def skipped_by_reason(self) -> dict[str, int]:
        """Number of skipped utterances by reason, the most frequent reason first."""
        return dict(Counter(bad.reason for bad in self.skipped).most_common())

    @property
    def skipped_note(self) -> str:
        """Summary of the skipped utterances in one line; empty if there are none."""
        if not self.skipped:
            return ""
        first = {bad.reason: bad.utterance for bad in reversed(self.skipped)}
        reasons = (f"{count} {reason} (first '{first[reason]}')" for reason, count in self.skipped_by_reason.items())
        total = len(self.skipped) + len(self.whole)
        return f"{len(self.skipped)} of {total} utterances of '{self.name}' are skipped: {', '.join(reasons)}"

    @property
    def revision(self) -> str | None:
        """Commit of a data set on the hub; None for any other corpus."""
        place = getattr(self.source, "place", None)
        return place.commit if place else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the user, such as that a mirror was read or that ids were made unique."""
        return (*getattr(self.source, "notes", ()), *self.index_notes)

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.entries)

    def utterances(self, sampling_rate: int, only: Collection[str] | None = None) -> Iterator[Utterance]:
        """Decode the utterances one at a time, in corpus order.

        Args:
            sampling_rate: rate of the waveforms in Hz.
            only: ids of the utterances to decode; None for all. The source reads no others if it can avoid it.

        Raises:
            SuiteError: audio cannot be decoded, or the corpus has changed since it was indexed.
        """
        return (found.decoded(sampling_rate) for found in self.encoded(only))

    def encoded(self, only: Collection[str] | None = None) -> Iterator[EncodedUtterance]:
        """Read the recordings one at a time, in corpus order, without decoding them.

        Args:
            only: ids of the utterances to read; None for all. The source reads no others if it can avoid it.

        Raises:
            SuiteError: the corpus has changed since it was indexed.
        """
        wanted = {entry.number: entry for entry in self.entries if only is None or entry.id in only}
        for result in recordings(self.source, self.columns, sorted(wanted)):
            if isinstance(result, BadUtteranceError):
                raise result
            recording = load(result)
            entry = wanted[recording.number]
            self._require_unchanged(recording, entry)
            yield EncodedUtterance(entry, recording, self.spec.max_duration_s)

    def place(self, utterance_id: str) -> str:
        """Return where the audio of an utterance is: the path of its file, or the row of the file that holds it."""
        entry = next(entry for entry in self.entries if entry.id == utterance_id)
        for recording in recordings(self.source, self.columns, [entry.number]):
            if isinstance(recording, Recording) and isinstance(recording.audio, Path):
                part = recording.part
                return f"{recording.audio}, from {part.offset_s:g} s" if part else str(recording.audio)
        return f"{self.spec.path or self.spec.name}, row {entry.number}"

    def _require_unchanged(self, recording: Recording, entry: Entry) -> None:
        """Raise an error if a recording is not the one that was indexed."""
        # A part of a long file stays on the disk, and hashing the whole file again for each part would be slow.
        same_audio = isinstance(recording.audio, Path) or has_digest(recording, entry.digest)
        if not same_audio or (recording.id, text_digest(recording.text)) != (entry.source_id, entry.text_digest):
            raise SuiteError(
                f"corpus '{self.name}' has changed since it was opened: row {entry.number} was utterance "
                f"'{entry.source_id}' and is now '{recording.id}', or its transcript or audio differs; run again, and "
                "do not change the corpus during a run"
            )

    def without_short(self, samples: int, sampling_rate: int, *, model: str) -> Corpus:
        """Return the corpus without utterances that are too short for one frame of a model.

        Args:
            samples: smallest number of samples that the model accepts.
            sampling_rate: the model's sampling rate in Hz.
            model: name of the model, for error messages.

        Raises:
            SuiteError: an utterance is too short, and `spec.skip_bad` is not set, or no other utterance is left.
        """
        lengths = {entry.id: round(entry.duration_s * sampling_rate) for entry in self.whole}
        rest = tuple(entry for entry in self.whole if lengths[entry.id] >= samples)
        short = tuple(
            Skipped(
                entry.id,
                "too short",
                f"utterance '{entry.id}': input of {lengths[entry.id]} samples is too short: model '{model}' needs at "
                f"least {samples} samples ({1000 * samples / sampling_rate:.1f} ms) for one frame; remove it, or skip "
                "such utterances with --skip-bad",
            )
            for entry in self.whole
            if lengths[entry.id] < samples
        )
        if not short:
            return self
        if not self.spec.skip_bad or not rest:
            raise SuiteError(f"corpus '{self.name}': {short[0].message}")
        entries = _limited(rest, self.spec.limit, 0)
        return replace(self, entries=entries, whole=rest, skipped=(*self.skipped, *short))

    def drawn(self, count: int, *, seed: int, part: str) -> Corpus:
        """Return a sample of the corpus, spread over durations, with each recording at most once.

        Args:
            count: number of utterances; all if the corpus has no more.
            seed: seed of the sample.
            part: suffix of the sample's name.
        """
        ids = draw_utterances({entry.id: entry.duration_s for entry in _unique(self.entries)}, count, seed)
        named = replace(self.spec, name=f"{self.name}, {part}")
        return replace(self, spec=named, entries=tuple(entry for entry in self.entries if entry.id in ids))

    def hold_out(self, count: int, seed: int = 0) -> tuple[Corpus, Corpus]:
        """Split the corpus into an evaluation and a calibration corpus that share no utterance and no recording.

        The calibration part is drawn first, from all usable utterances, so that it is the same for every limit.
        A limited evaluation part is then drawn from the rest. Both are spread over durations.

        Args:
            count: largest number of calibration utterances. At least one and at most a quarter of the recordings
                are used.
            seed: seed of both samples.

        Returns:
            The evaluation corpus and the calibration corpus.

        Raises:
            SuiteError: the corpus has fewer than two different recordings.
        """
        unique = _unique(self.whole)
        wanted = min(count, max(1, len(unique) // CALIBRATION_SHARE))
        held = draw_utterances({entry.id: entry.duration_s for entry in unique}, wanted, seed)
        calibration = tuple(entry for entry in self.whole if entry.id in held)
        known = {entry.digest for entry in calibration}
        rest = tuple(entry for entry in self.whole if entry.digest not in known)
        if not rest:
            raise SuiteError(
                f"corpus '{self.name}' has {len(known)} distinct recording, which leaves none for calibration; "
                "at least 2 are needed; name another corpus with --calibration"
            )
        named = replace(self.spec, name=f"{self.name} (calibration)")
        return (
            replace(self, entries=_limited(rest, self.spec.limit, seed)),
            replace(self, spec=named, entries=calibration, whole=calibration, skipped=()),
        )


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    """Return the first entry of each recording."""
    return list({entry.digest: entry for entry in reversed(tuple(entries))}.values())


def _limited(entries: tuple[Entry, ...], limit: int | None, seed: int) -> tuple[Entry, ...]:
    if limit is None:
        return entries
    drawn = draw_utterances({entry.id: entry.duration_s for entry in entries}, limit, seed)
    return tuple(entry for entry in entries if entry.id in drawn)


def open_corpus(
    spec: CorpusSpec,
    limit: int | None = None,
    *,
    seed: int = 0,
    progress: Progress = silent,
    store: Store | None = None,
) -> Corpus:
    """Open a corpus, check its columns, transcripts and audio headers, and compute the digests of its utterances.

    Each recording is read once. With `spec.skip_bad` it is also decoded once, so that all unusable utterances are
    known before the first inference.

    Args:
        spec: where the corpus comes from, and how it is read.
        limit: number of utterances to draw, spread over durations; by default `spec.limit`.
        seed: seed of the sample.
        progress: shows how many recordings have been indexed.
        store: where rows from the hub are stored; only a data set of the hub needs it.

    Raises:
        SuiteError: the corpus cannot be read, has no audio or text column, has no utterance, or, without
            `spec.skip_bad`, has an unusable utterance.
    """
    spec = replace(spec, limit=spec.limit if limit is None else limit)
    source = open_source(spec, store)
    columns = find_columns(source, spec)
    index = Index(spec)
    for recording in progress(recordings(source, columns), f"indexing {spec.name}"):
        index.add(recording)
    whole = index.entries()
    return Corpus(spec, source, columns, _limited(whole, spec.limit, seed), whole, tuple(index.skipped), index.notes)


def require_disjoint(evaluation: Corpus, calibration: Corpus) -> None:
    """Raise an error if the evaluation corpus overlaps the calibration corpus.

    Ids decide nothing: two corpora without an id column both number their rows.

    Raises:
        SuiteError: a recording is in both.
    """
    known = set(calibration.digests.values())
    shared = [i for i, digest in evaluation.digests.items() if digest in known]
    if shared:
        raise SuiteError(
            f"calibration corpus '{calibration.name}' overlaps the evaluation corpus '{evaluation.name}' in "
            f"{len(shared)} utterances, first '{shared[0]}'; they must be disjoint; choose another split"
        )
