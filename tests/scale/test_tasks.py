"""Sending a corpus: it is read once, a row group at a time, and no more of it than is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support.recorded import FRONTEND, ReferenceRun, corpus_of
from wergate.corpora.corpus import Corpus, open_corpus
from wergate.corpora.index import Entry
from wergate.corpora.sources import parquet
from wergate.corpora.spec import CorpusSpec
from wergate.scale import plan
from wergate.scale.messages import unpacked
from wergate.scale.tasks import Task, tasks

COUNT, OF_GROUP = 40, 5


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A corpus of eight row groups."""
    corpus_of(tmp_path / "whole.parquet", COUNT)
    pq.write_table(pq.read_table(tmp_path / "whole.parquet"), tmp_path / "groups.parquet", row_group_size=OF_GROUP)
    return open_corpus(CorpusSpec("corpus", tmp_path / "groups.parquet"))


@pytest.fixture
def groups_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The row groups that are read after the corpus was indexed, in order."""
    found: list[int] = []
    cells = parquet._cells

    def noted(path: Path, file: Any, group: int) -> Iterator[dict[str, Any]]:
        found.append(group)
        return cells(path, file, group)

    monkeypatch.setattr(parquet, "_cells", noted)
    return found


def bucket_of(entry: Entry) -> int:
    """Return one of two buckets."""
    return 0 if entry.duration_s < 0.14 else 1


def sent(corpus: Corpus, shards: list[plan.Shard], reference: ReferenceRun) -> Iterator[Task]:
    """Yield the tasks of shards."""
    return tasks(corpus, shards, reference(), FRONTEND.sampling_rate)


def test_each_row_group_is_read_once(corpus: Corpus, groups_read: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards of all buckets are filled in one pass, which is never far ahead of the shard that is sent."""
    monkeypatch.setattr(plan, "SHARD_S", 0.4)
    shards, reference = plan.shards("run", corpus.entries, bucket_of), ReferenceRun(corpus)
    reference()
    groups_read.clear()
    supply = sent(corpus, shards, reference)
    first = next(supply)
    assert [0] == groups_read
    found = [first, *supply]
    assert list(range(COUNT // OF_GROUP)) == groups_read
    assert [shard.id for shard in shards] == [task.shard.id for task in found]


def test_what_is_finished_is_not_read(corpus: Corpus, groups_read: list[int]) -> None:
    """A driver that continues a run reads the row groups of the missing utterances alone."""
    (shard,) = plan.shards("run", corpus.entries, lambda _: None)
    reference = ReferenceRun(corpus)
    reference()
    groups_read.clear()
    (task,) = sent(corpus, [shard.only({"u7", "u8", "u33"})], reference)
    assert [1, 6] == groups_read
    assert ["u7", "u8", "u33"] == [speech.id for speech, _ in task.speech]


def test_an_utterance_arrives_as_it_left(corpus: Corpus) -> None:
    """Samples, logits and transcripts equal those of the corpus, and a flipped bit is noticed."""
    reference = ReferenceRun(corpus)
    (task,) = sent(corpus, plan.shards("run", corpus.entries, lambda _: None), reference)
    here = {utterance.id: utterance for utterance in corpus.utterances(FRONTEND.sampling_rate)}
    for speech, (audio, logits) in task.speech:
        utterance, expected = unpacked(speech, audio, logits, FRONTEND.sampling_rate)
        assert utterance.waveform.samples.tobytes() == here[speech.id].waveform.samples.tobytes()
        assert (utterance.text, utterance.waveform.notes) == (here[speech.id].text, here[speech.id].waveform.notes)
        assert expected.logits.tobytes() == reference()[speech.id].logits.tobytes()
    speech, (audio, logits) = task.speech[0]
    with pytest.raises(OSError, match="was damaged on its way"):
        unpacked(speech, audio[:-1] + bytes([audio[-1] ^ 1]), logits, FRONTEND.sampling_rate)
