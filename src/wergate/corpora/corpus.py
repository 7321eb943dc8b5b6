"""A corpus: utterances with their reference transcripts, indexed once and then decoded one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from wergate.corpora import audio
from wergate.corpora.index import Entry, Index, Skipped, audio_digest, load
from wergate.corpora.recording import Recording, find_columns, recordings
from wergate.corpora.sampling import draw_utterances
from wergate.corpora.sources.base import Source
from wergate.corpora.sources.opening import open_source, parse_corpus_specs
from wergate.corpora.spec import Columns, CorpusSpec
from wergate.errors import BadUtteranceError, SuiteError
from wergate.progress import Progress, silent
from wergate.store import Store, text_digest

__all__ = [
    "Columns",
    "Corpus",
    "CorpusSpec",
    "Utterance",
    "open_corpus",
    "parse_corpus_specs",
    "require_disjoint",
]


@dataclass(frozen=True)
class Utterance:
    """One recording with its reference transcript."""

    id: str
    text: str
    speaker: str
    waveform: audio.Waveform


@dataclass(frozen=True)
class Corpus:
    """A corpus that has been opened: its columns are known, its digests taken, nothing is decoded.

    Attributes:
        entries: the utterances that are used, in corpus order.
        whole: all that can be used; `entries` may be drawn from them.
        skipped: what cannot be used, where `spec.skip_bad` allows it.
    """

    spec: CorpusSpec
    source: Source
    columns: Columns
    entries: tuple[Entry, ...]
    whole: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def name(self) -> str:
        """As tables and test ids show it."""
        return self.spec.name

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each utterance's encoded audio by utterance id, in corpus order."""
        return {entry.id: entry.digest for entry in self.entries}

    @cached_property
    def durations(self) -> Mapping[str, float]:
        """Seconds of each utterance by utterance id, in corpus order, as the header of its audio tells."""
        return {entry.id: entry.duration_s for entry in self.entries}

    @property
    def ids(self) -> tuple[str, ...]:
        """The utterances, in corpus order."""
        return tuple(self.digests)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, texts and audio."""
        whole = "\0".join(f"{entry.id}\0{entry.digest}\0{entry.text_digest}" for entry in self.entries)
        return text_digest(whole)

    @property
    def speakers(self) -> int:
        """How many speakers the corpus names; 0 where it does not name all."""
        names = {entry.speaker for entry in self.entries}
        return 0 if "" in names else len(names)

    @property
    def skipped_by_reason(self) -> dict[str, int]:
        """How many utterances are left out, by reason, the most frequent first."""
        return dict(Counter(bad.reason for bad in self.skipped).most_common())

    @property
    def skipped_note(self) -> str:
        """What is left out and why, in one line for people; empty where nothing is."""
        if not self.skipped:
            return ""
        first = {bad.reason: bad.utterance for bad in reversed(self.skipped)}
        reasons = (f"{count} {reason} (first '{first[reason]}')" for reason, count in self.skipped_by_reason.items())
        total = len(self.skipped) + len(self.whole)
        return f"{len(self.skipped)} of {total} utterances of '{self.name}' are left out: {', '.join(reasons)}"

    @property
    def revision(self) -> str | None:
        """The commit of a data set of the hub."""
        place = getattr(self.source, "place", None)
        return place.commit if place else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of where it comes from."""
        return tuple(getattr(self.source, "notes", ()))

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.entries)

    def utterances(self, sampling_rate: int, only: Collection[str] | None = None) -> Iterator[Utterance]:
        """Decode one utterance after the other, in corpus order.

        Args:
            sampling_rate: Hz, of the waveforms.
            only: ids; the others are not decoded, and as far as the source can, not read.

        Raises:
            SuiteError: audio that cannot be decoded, or that is not what was indexed.
        """
        wanted = {entry.number: entry for entry in self.entries if only is None or entry.id in only}
        for found in recordings(self.source, self.columns, sorted(wanted)):
            if isinstance(found, BadUtteranceError):
                raise found
            recording = load(found)
            self._require_unchanged(recording, wanted[recording.number])
            name, part, limit_s = recording.id, recording.part, self.spec.max_duration_s
            waveform = audio.decode(recording.audio, sampling_rate, name=name, part=part, max_duration_s=limit_s)
            yield Utterance(recording.id, recording.text, recording.speaker, waveform)

    def _require_unchanged(self, recording: Recording, entry: Entry) -> None:
        """Refuse another recording than was indexed; of a part of a file, the file's digest is not taken anew."""
        same_audio = isinstance(recording.audio, Path) or audio_digest(recording.audio) == entry.digest
        if not same_audio or (recording.id, text_digest(recording.text)) != (entry.id, entry.text_digest):
            raise SuiteError(
                f"corpus '{self.name}' has changed since it was opened: row {entry.number} was utterance '{entry.id}' "
                f"and is '{recording.id}', or has another transcript or recording; leave it as it is while it is used, "
                "and run again"
            )

    def drawn(self, count: int, *, seed: int, part: str) -> Corpus:
        """Return that many of its recordings, spread over durations; `part` goes into the name."""
        ids = draw_utterances({entry.id: entry.duration_s for entry in _unique(self.entries)}, count, seed)
        named = replace(self.spec, name=f"{self.name}, {part}")
        return replace(self, spec=named, entries=tuple(entry for entry in self.entries if entry.id in ids))

    def hold_out(self, count: int, seed: int = 0) -> tuple[Corpus, Corpus]:
        """Split into an evaluation and a calibration corpus that share neither an utterance nor a recording.

        The calibration part is drawn first, spread over durations, from all that can be used, so that it is the same
        for every limit; a limited evaluation part is then drawn from the rest.

        Args:
            count: of calibration utterances, at most; never more than a quarter of the corpus, and at least one.

        Raises:
            SuiteError: fewer than two different recordings.
        """
        unique = _unique(self.whole)
        wanted = min(count, max(1, len(unique) // 4))
        held = draw_utterances({entry.id: entry.duration_s for entry in unique}, wanted, seed)
        calibration = tuple(entry for entry in self.whole if entry.id in held)
        known = {entry.digest for entry in calibration}
        rest = tuple(entry for entry in self.whole if entry.digest not in known)
        if not rest:
            raise SuiteError(
                f"corpus '{self.name}' has {len(known)} different recording, of which none can be held out to "
                "calibrate with; at least 2 are needed; name another corpus with --calibration"
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
    """Open a corpus, check its columns, texts and recordings' headers, and take its fingerprint.

    Each recording is read once; with `spec.skip_bad` it is decoded once too, so that what has to be left out is known
    before the first inference.

    Args:
        limit: draw that many utterances, spread over durations; by default `spec.limit`.
        seed: of the draw.
        store: keeps what is fetched of the hub.

    Raises:
        SuiteError: unreadable, without an audio or text column, an id twice, no utterance, or, without
            `spec.skip_bad`, an utterance that cannot be used.
    """
    spec = replace(spec, limit=spec.limit if limit is None else limit)
    source = open_source(spec, store)
    columns = find_columns(source, spec)
    index = Index(spec)
    for recording in progress(recordings(source, columns), f"indexing {spec.name}"):
        index.add(recording)
    whole = index.entries()
    return Corpus(spec, source, columns, _limited(whole, spec.limit, seed), whole, tuple(index.skipped))


def require_disjoint(evaluation: Corpus, calibration: Corpus) -> None:
    """Refuse to evaluate on what the model was calibrated on.

    Raises:
        SuiteError: an utterance id or a recording is in both.
    """
    known = set(calibration.digests.values())
    shared = [i for i, digest in evaluation.digests.items() if i in calibration.digests or digest in known]
    if shared:
        raise SuiteError(
            f"calibration corpus '{calibration.name}' overlaps the evaluation corpus '{evaluation.name}' in "
            f"{len(shared)} utterances, first '{shared[0]}'; they must be disjoint; choose another split"
        )
