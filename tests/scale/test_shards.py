"""Plans, finished shards and failed attempts: what each driver agrees on, and what takes effect once."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wergate.cli.cache import stored
from wergate.corpora.index import Entry
from wergate.disk.files import create_content
from wergate.errors import SuiteError
from wergate.scale.attempts import Attempts
from wergate.scale.plan import Shard, plan, shards
from wergate.scale.rows import Result, read_result
from wergate.scale.shard_files import ShardFiles
from wergate.store import Store

LENGTHS = (5, 10, 20, 35)


def entries(count: int) -> list[Entry]:
    """Return utterances of 1 to 31 s, in an order that mixes durations."""
    return [Entry(f"u{n}", f"u{n}", n, f"audio {n}", f"text {n}", 1.0 + 7 * n % 31, "") for n in range(count)]


def bucket_of(entry: Entry) -> int | None:
    """Return the shortest length in seconds that fits."""
    return next((length for length in LENGTHS if length >= entry.duration_s), None)


def test_shards_have_a_minute_or_two_of_one_bucket() -> None:
    """Each utterance is in one shard; but for the last of a bucket, a shard has more than 60 s and at most 120 s."""
    corpus = entries(400)
    found = shards("run", corpus, bucket_of)
    assert Counter(one.id for one in corpus) == Counter(piece.id for shard in found for piece in shard.pieces)
    duration_s = {one.id: one.duration_s for one in corpus}
    short: Counter[int | None] = Counter()
    for shard in found:
        assert {shard.bucket} == {bucket_of(corpus[int(piece.id[1:])]) for piece in shard.pieces}
        total_s = sum(duration_s[piece.id] for piece in shard.pieces)
        assert total_s <= 120
        short[shard.bucket] += total_s <= 60
    assert max(short.values()) <= 1


def test_shards_come_as_a_reader_of_the_corpus_completes_them() -> None:
    """Their last utterances are in corpus order, so a reader holds few open shards."""
    last = [int(shard.pieces[-1].id[1:]) for shard in shards("run", entries(400), bucket_of)]
    assert sorted(last) == last


def test_two_drivers_have_one_plan(tmp_path: Path) -> None:
    """The plan is an artifact: the second driver finds it, and its shards have the same names."""
    store = Store(tmp_path / "store")
    first, planned = plan(store, "run", entries(50), bucket_of)
    second, again = plan(store, "run", entries(50), bucket_of)
    assert (True, False) == (first.built, second.built)
    assert [shard.id for shard in planned] == [shard.id for shard in again]


def test_a_shard_is_named_by_run_audio_and_transcripts() -> None:
    """Each of the three changes the name; a part of a shard has a name of its own."""
    shard = shards("run", entries(3), bucket_of)[0]
    (piece,) = shard.pieces[:1]
    changed = [
        replace(shard, run="other"),
        replace(shard, pieces=(replace(piece, audio="other"), *shard.pieces[1:])),
        replace(shard, pieces=(replace(piece, text="other"), *shard.pieces[1:])),
    ]
    assert len({shard.id, *(one.id for one in changed)}) == 4


def row(id_: str, **changes: Any) -> dict[str, Any]:
    """Return the row of an utterance."""
    return {"id": id_, "hypothesis": "A", "seconds": 1.0, "reference_seconds": 1.0, **changes}


def result(*rows: dict[str, Any], worker: str = "node:1") -> Result:
    """Return a result with these rows."""
    return Result(worker, {"cpu": "any"}, rows)


def test_a_result_takes_effect_once(tmp_path: Path) -> None:
    """A second result that differs in seconds and worker alone changes nothing."""
    files = ShardFiles(tmp_path, "run")
    first, second = result(row("u1")), result(row("u1", seconds=2.0), worker="node:2")
    assert files.commit("a", first.text())
    assert not files.commit("a", second.text())
    assert {"a": first} == files.results()


def test_of_several_writers_one_creates_the_file(tmp_path: Path) -> None:
    """Eight threads create one file at the same time: one succeeds, and no temporary file stays."""
    path, ready, won = tmp_path / "file", threading.Barrier(8), []

    def write(number: int) -> None:
        ready.wait()
        if create_content(path, str(number)):
            won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_text()] == [str(number) for number in won]
    assert [path] == list(tmp_path.iterdir())


def test_a_result_that_differs_is_kept_and_refused(tmp_path: Path) -> None:
    """Another hypothesis of one shard is non-determinism: both files stay, and the line names both workers."""
    files = ShardFiles(tmp_path, "run")
    first, second = result(row("u1")), result(row("u1", hypothesis="B"), worker="node:2")
    files.commit("a", first.text())
    with pytest.raises(SuiteError, match=r"two results of one shard differ: .*node:1 and node:2"):
        files.commit("a", second.text())
    kept = [read_result(path.read_text()) for path in sorted(files.folder.glob("*.jsonl"))]
    assert sorted([first, second], key=repr) == sorted(kept, key=repr)


def test_an_utterance_in_two_shards_must_be_the_same(tmp_path: Path) -> None:
    """A half may be committed after its whole; rows that differ in more than seconds are refused."""
    files = ShardFiles(tmp_path, "run")
    files.commit("whole", result(row("u1"), row("u2")).text())
    files.commit("half", result(row("u1", seconds=3.0)).text())
    assert ["u1", "u2"] == sorted(files.rows())
    files.commit("other", result(row("u2", hypothesis="B")).text())
    with pytest.raises(SuiteError, match="two results of one shard differ"):
        files.rows()


@pytest.mark.parametrize("damage", [b"", b"{}", b"\0" * 40], ids=["empty", "cut", "NUL"])
def test_a_damaged_result_is_removed(tmp_path: Path, damage: bytes) -> None:
    """It counts as absent, and a new one takes its name."""
    files = ShardFiles(tmp_path, "run")
    files.commit("a", result(row("u1")).text())
    (path,) = files.folder.glob("*.jsonl")
    path.write_bytes(damage)
    assert {} == files.rows()
    assert files.commit("a", result(row("u1")).text())


def test_the_cache_lists_finished_shards(tmp_path: Path) -> None:
    """`wergate cache` counts them, and so can remove those that no run has used for long."""
    files = ShardFiles(tmp_path, "run")
    files.commit("a", result(row("u1")).text())
    assert [("shards", files.folder)] == [(one.kind, one.folder) for one in stored(tmp_path)]


def test_a_worker_knows_the_driver_s_folder_by_its_mark(tmp_path: Path) -> None:
    """A folder of the same path without the mark of the run is another one."""
    ShardFiles(tmp_path, "run").mark()
    assert ShardFiles(tmp_path, "run").is_marked()
    assert not ShardFiles(tmp_path, "other").is_marked()


def poisoned_by(shard: Shard, utterance: str) -> tuple[Attempts, list[str]]:
    """Fail each shard that has an utterance, by two workers alternately, and return the others as they finish."""
    attempts, waiting, finished = Attempts(), [shard], []
    turn = 0
    while waiting:
        one = waiting.pop(0)
        if utterance in {piece.id for piece in one.pieces}:
            turn += 1
            waiting += attempts.failed(one, f"node:{turn % 2}", "killed", only_worker=False)
        else:
            finished += [piece.id for piece in one.pieces]
    return attempts, finished


def test_a_shard_that_fails_is_halved_until_one_utterance_is_left() -> None:
    """All others finish, and the error names the one that does not."""
    (shard,) = shards("run", [replace(one, duration_s=5.0) for one in entries(8)], lambda _: None)
    attempts, finished = poisoned_by(shard, "u5")
    assert ["u0", "u1", "u2", "u3", "u4", "u6", "u7"] == sorted(finished)
    with pytest.raises(SuiteError, match=r"failed at utterance 'u5' \(killed\), 3 times each; the other 7"):
        attempts.require_none(7)


def test_one_worker_that_fails_condemns_nothing() -> None:
    """Three failures of one worker are a broken worker, unless the cluster has no other."""
    (shard,) = shards("run", entries(1), lambda _: None)
    attempts = Attempts()
    for _ in range(5):
        assert (shard,) == attempts.failed(shard, "node:1", "killed", only_worker=False)
    assert () == attempts.failed(shard, "node:2", "killed", only_worker=False)
    alone = Attempts()
    assert [(shard,), (shard,), ()] == [alone.failed(shard, "n", "killed", only_worker=True) for _ in range(3)]
