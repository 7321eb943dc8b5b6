"""Corpora: columns, order, limits, fingerprints and overlaps."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.corpus_forms import manifest
from tests.support.tiny import RATE, Spoken, spoken, write_corpus
from wergate.corpora.corpus import Corpus, open_corpus, require_disjoint
from wergate.corpora.sources.opening import parse_corpus_specs
from wergate.corpora.spec import CorpusSpec
from wergate.errors import SuiteError

TWELVE = spoken(range(12))


def opened(path: Path, utterances: list[Spoken], limit: int | None = None) -> Corpus:
    """Write a corpus and open it."""
    return open_corpus(CorpusSpec(path.stem, write_corpus(path, utterances)), limit)


def rounded(corpus: Corpus) -> list[float]:
    """Return the durations, the shortest first."""
    return sorted(round(duration_s, 2) for duration_s in corpus.durations.values())


def test_utterances_come_complete_and_in_order(tmp_path: Path) -> None:
    """Ids, transcripts and durations are those that were written."""
    corpus = opened(tmp_path / "c.parquet", TWELVE)
    read = list(corpus.utterances(RATE))
    assert [(u.id, u.text) for u in TWELVE] == [(u.id, u.text) for u in read]
    assert [0.5, 0.85, 1.2, 1.55] == [round(u.waveform.duration_s, 2) for u in read[:4]]
    assert 12 == len(corpus)


def test_a_limit_draws_the_same_utterances_every_time(tmp_path: Path) -> None:
    """The sample does not depend on the order in the file."""
    forward = opened(tmp_path / "f.parquet", TWELVE, 5)
    backward = opened(tmp_path / "b.parquet", TWELVE[::-1], 5)
    assert set(forward.digests) == set(backward.digests)
    assert 5 == len(forward) == len(list(forward.utterances(RATE)))
    assert list(forward.digests) != [u.id for u in TWELVE[:5]]


def test_a_limit_beyond_the_corpus_is_the_corpus(tmp_path: Path) -> None:
    """A limit above the size of the corpus selects all of it."""
    assert 12 == len(opened(tmp_path / "c.parquet", TWELVE, 99))


def test_the_fingerprint_depends_on_the_content_alone(tmp_path: Path) -> None:
    """Any change of audio, transcript, id, order or limit changes it; another path does not."""
    changed = {
        "audio": [TWELVE[0].but(audio=TWELVE[5].audio), *TWELVE[1:]],
        "text": [TWELVE[0].but(text="OTHER"), *TWELVE[1:]],
        "id": [TWELVE[0].but(id="other"), *TWELVE[1:]],
        "order": TWELVE[::-1],
        "fewer": TWELVE[1:],
    }
    prints = {name: opened(tmp_path / f"{name}.parquet", rows).fingerprint for name, rows in changed.items()}
    prints["limit"] = opened(tmp_path / "limit.parquet", TWELVE, 5).fingerprint
    prints["plain"] = opened(tmp_path / "plain.parquet", TWELVE).fingerprint
    assert len(prints) == len(set(prints.values()))
    assert prints["plain"] == opened(tmp_path / "again.parquet", TWELVE).fingerprint


def test_the_option_overrides_the_limit_of_the_spec(tmp_path: Path) -> None:
    """A limit given as an argument replaces that of the spec, and another seed draws other utterances."""
    path = write_corpus(tmp_path / "c.parquet", TWELVE)
    spec = CorpusSpec("c", path, limit=5)
    assert opened(path, TWELVE, 5).ids == open_corpus(spec).ids
    assert 3 == len(open_corpus(spec, 3))
    assert open_corpus(spec).ids != open_corpus(spec, seed=4).ids


def test_a_limit_is_spread_over_durations(tmp_path: Path) -> None:
    """Four utterances of a corpus with four durations cover them all, by their headers and not by the manifest."""
    assert [0.5, 0.85, 1.2, 1.55] == rounded(opened(tmp_path / "c.parquet", TWELVE, 4))
    corpus = open_corpus(CorpusSpec("m", manifest(tmp_path, TWELVE, duration=99.0), limit=4))
    assert [0.5, 0.85, 1.2, 1.55] == rounded(corpus)


def test_calibration_is_held_out(tmp_path: Path) -> None:
    """At most a quarter is held out, spread over durations and reproducibly; the rest stays in order."""
    corpus = opened(tmp_path / "c.parquet", [u.but(id=f"v{n}") for n, u in enumerate(spoken(range(16)))])
    evaluation, calibration = corpus.hold_out(300)
    assert (12, 4) == (len(evaluation), len(calibration))
    assert set(corpus.ids) == {*evaluation.ids, *calibration.ids}
    assert [0.5, 0.85, 1.2, 1.55] == rounded(calibration)
    assert [i for i in corpus.ids if i in evaluation.ids] == list(evaluation.ids)
    require_disjoint(evaluation, calibration)
    assert (evaluation, calibration) == corpus.hold_out(300)
    assert calibration.ids != corpus.hold_out(300, seed=1)[1].ids
    assert 2 == len(corpus.hold_out(2)[1])
    assert (corpus.name, f"{corpus.name} (calibration)") == (evaluation.name, calibration.name)
    assert list(calibration.ids) == [u.id for u in calibration.utterances(RATE)]
    assert 3 == len({evaluation.fingerprint, calibration.fingerprint, corpus.fingerprint})


@pytest.mark.parametrize(("limit", "evaluated"), [(1, 1), (5, 5), (9, 9), (11, 9), (12, 9)])
def test_a_limit_does_not_change_the_calibration(limit: int, evaluated: int, tmp_path: Path) -> None:
    """A limit applies to the evaluation part alone, so that the quantized model is the same for every limit."""
    whole = opened(tmp_path / "c.parquet", TWELVE)
    evaluation, calibration = opened(tmp_path / "c.parquet", TWELVE, limit).hold_out(300)
    assert whole.hold_out(300)[1].digests == calibration.digests
    assert evaluated == len(evaluation)
    require_disjoint(evaluation, calibration)


def test_equal_recordings_stay_in_one_part(tmp_path: Path) -> None:
    """A recording under two ids is either in the evaluation or in the calibration part."""
    doubled = [*TWELVE, *(u.but(id=f"again {u.id}") for u in TWELVE)]
    evaluation, calibration = opened(tmp_path / "c.parquet", doubled).hold_out(300)
    assert (18, 3) == (len(evaluation), len(calibration))
    require_disjoint(evaluation, calibration)


@pytest.mark.parametrize("utterances", [TWELVE[:1], [TWELVE[0], TWELVE[0].but(id="again")]], ids=["one", "one twice"])
def test_nothing_can_be_held_out_of_one_recording(utterances: list[Spoken], tmp_path: Path) -> None:
    """The error asks for a separate calibration corpus."""
    with pytest.raises(SuiteError, match=r"'c' has 1 distinct recording, .*at least 2 are needed; .* --calibration"):
        opened(tmp_path / "c.parquet", utterances).hold_out(300)


def test_two_recordings_can_be_divided(tmp_path: Path) -> None:
    """Each part gets one of them."""
    evaluation, calibration = opened(tmp_path / "c.parquet", TWELVE[:2]).hold_out(300)
    assert {TWELVE[0].id, TWELVE[1].id} == {*evaluation.ids, *calibration.ids}
    assert (1, 1) == (len(evaluation), len(calibration))


@pytest.mark.parametrize("name", ["u3", "renamed", "u0"])
def test_overlap_is_refused(name: str, tmp_path: Path) -> None:
    """The error names an utterance whose audio is in both corpora, whatever its id is."""
    calibration = [TWELVE[3].but(id=name)]
    evaluation = opened(tmp_path / "evaluation.parquet", TWELVE[:6])
    with pytest.raises(SuiteError, match=r"'calibration' overlaps .*'evaluation' in 1 utterances, first 'u3'"):
        require_disjoint(evaluation, opened(tmp_path / "calibration.parquet", calibration))


def test_disjoint_corpora_are_accepted(tmp_path: Path) -> None:
    """Corpora without a common recording raise no error, even if they number their utterances alike."""
    require_disjoint(opened(tmp_path / "e.parquet", TWELVE[:6]), opened(tmp_path / "c.parquet", TWELVE[6:]))
    alike = [u.but(id=TWELVE[number].id) for number, u in enumerate(TWELVE[6:])]
    require_disjoint(opened(tmp_path / "e.parquet", TWELVE[:6]), opened(tmp_path / "d.parquet", alike))


@pytest.mark.parametrize(
    ("utterances", "message"),
    [
        pytest.param([], "has no utterance", id="no utterance"),
        pytest.param([TWELVE[0].but(text=" ")], "transcript of utterance 'u0' is empty", id="empty transcript"),
    ],
)
def test_an_unusable_corpus_is_refused(utterances: list[Spoken], message: str, tmp_path: Path) -> None:
    """The error comes when the corpus is opened, before any decoding."""
    with pytest.raises(SuiteError, match=message):
        opened(tmp_path / "c.parquet", utterances)


def test_rows_without_an_id_are_numbered(tmp_path: Path) -> None:
    """Without an id column the row number is the id; other column names of the hub are recognized."""
    path = tmp_path / "c.parquet"
    rows = [{"speech": {"bytes": u.audio, "path": None}, "sentence": u.text} for u in TWELVE[:2]]
    pq.write_table(pa.Table.from_pylist(rows), path)
    corpus = open_corpus(CorpusSpec("c", path))
    assert [("000000", TWELVE[0].text), ("000001", TWELVE[1].text)] == [(u.id, u.text) for u in corpus.utterances(RATE)]


def test_specs_are_understood(tmp_path: Path) -> None:
    """A spec may be an embedded split, a file, or a data set of the hub with configuration and split."""
    assert ["embedded:clean", "embedded:other"] == [s.name for s in parse_corpus_specs("embedded", tmp_path)]
    assert ["embedded:other"] == [s.name for s in parse_corpus_specs("embedded:other", tmp_path)]
    path = write_corpus(tmp_path / "mine.parquet", TWELVE[:1])
    assert [CorpusSpec("mine", path)] == parse_corpus_specs(str(path), tmp_path)
    (hub,) = parse_corpus_specs("org/name:clean:validation", tmp_path)
    assert ("org/name", "clean", "validation", None) == (hub.hub_id, hub.config, hub.split, hub.path)
