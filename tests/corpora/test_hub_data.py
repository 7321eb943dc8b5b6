"""Data sets of the hub: selection of splits, downloads, caching, and errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.hub_client import Client
from tests.support.hub_repo import Repo, repo
from tests.support.hub_server import Fault, Hub, running
from tests.support.hub_speech import card, parquet
from tests.support.tiny import Spoken, encoded, sound, spoken

MEMBER = "hf_secretSECRETsecret"
OFFLINE = {"HF_HUB_OFFLINE": "1"}
ID = "org/speech"
DUMMY, MIRROR = "patrickvonplaten/librispeech_asr_dummy", "hf-internal-testing/librispeech_asr_dummy"
SPLITS = {
    "clean": {
        "train": "clean/train-*.parquet",
        "validation": "clean/validation-*.parquet",
        "test": "clean/test-*.parquet",
    },
    "other": {"validation": "other/validation-*.parquet", "train": "other/train-*.parquet"},
    "loud": {"loud": "loud/*.parquet"},
    "odd": {"one": "loud/*.parquet", "two": "loud/*.parquet"},
}
CLEAN, OTHER = spoken(range(4)), spoken(range(4, 6))
FILES = {
    "README.md": card(SPLITS),
    "clean/train-0.parquet": parquet(spoken(range(20, 22))),
    "clean/validation-0.parquet": parquet(spoken(range(10, 12))),
    "clean/test-0-of-2.parquet": parquet(CLEAN[:3]),
    "clean/test-1-of-2.parquet": parquet(CLEAN[3:]),
    "other/train-0.parquet": parquet(spoken(range(20, 22))),
    "other/validation-0.parquet": parquet(OTHER),
    "loud/loud.parquet": parquet(spoken([7])),
}
TEST_BYTES = len(FILES["clean/test-0-of-2.parquet"]) + len(FILES["clean/test-1-of-2.parquet"])
DATA = repo(ID, FILES, "dataset")


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A hub with one data set of several configurations; at the end, nothing has contacted any other host."""
    with running(DATA, granted=MEMBER) as hub:
        yield hub
        assert [] == hub.outside


@pytest.fixture
def client(hub: Hub, tmp_path: Path) -> Client:
    """A machine with an empty cache."""
    return Client(hub, tmp_path / "home")


def ids(utterances: list[Spoken]) -> list[str]:
    """Return the ids of utterances, in order."""
    return [each.id for each in utterances]


def data_fetched(hub: Hub) -> int:
    """Return the number of bytes of parquet files that the hub has sent."""
    return hub.fetched(".parquet")


def test_only_the_files_of_the_split_are_fetched(hub: Hub, client: Client) -> None:
    """All files of the split are read in order, with transcripts, speakers and audio, and no file of other splits."""
    reply = client.corpus(f"{ID}:clean:test")
    assert ids(CLEAN) == list(reply.answer["read"])
    assert [CLEAN[1].text, "1001", int(0.85 * 16_000)] == reply.answer["read"]["u1"]
    assert DATA.refs["main"] == reply.commit
    assert [] == reply.answer["notes"]
    assert TEST_BYTES == data_fetched(hub)


def test_a_second_run_fetches_nothing(hub: Hub, client: Client) -> None:
    """It reads the same utterances without the `datasets` library, and offline without a single request."""
    first = client.corpus(f"{ID}:clean:test")
    assert first.answer["datasets"]
    hub.requests.clear()
    again = client.corpus(f"{ID}:clean:test")
    assert [f"GET /api/datasets/{ID}"] == [request for request in hub.requested() if ID in request]
    hub.requests.clear()
    offline = client.corpus(f"{ID}:clean:test", **OFFLINE)
    assert [] == hub.requests
    assert {**first.answer, "datasets": False} == again.answer == offline.answer


@pytest.mark.parametrize("limit", [None, 2])
def test_offline_without_a_cache_is_an_error(limit: int | None, hub: Hub, client: Client) -> None:
    """The error names the id and the option for local files."""
    reply = client.corpus(f"{ID}:clean:test", limit, **OFFLINE)
    assert f"corpus '{ID}' is not in the cache, or incomplete, and HF_HUB_OFFLINE forbids" in reply.error
    assert "--corpus PATH" in reply.error
    assert [] == hub.requests


@dataclass(frozen=True)
class Choice:
    """A spec without a split, and the ids of the utterances that are read for it."""

    spec: str
    read: list[str]


CHOICES = (
    Choice(f"{ID}:clean", ids(CLEAN)),
    Choice(f"{ID}:other", ids(OTHER)),
    Choice(f"{ID}:loud", ["u7"]),
    Choice("org/plain", ["u1"]),
)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.spec)
def test_the_default_split(choice: Choice, hub: Hub, client: Client) -> None:
    """It is the test split, or else the validation split, or else the only one, with or without a card."""
    plain = {f"data/{n}-0.parquet": parquet(spoken([i])) for i, n in enumerate(("train", "test"))}
    hub.serve(repo("org/plain", plain, "dataset"))
    assert choice.read == list(client.corpus(choice.spec).answer["read"])


MISTAKES = {
    ID: f"corpus '{ID}' has 4 configurations: clean, other, loud, odd; name one with --corpus {ID}:CONFIG",
    f"{ID}:cleen": "has no configuration 'cleen' (did you mean 'clean'?); it has 4 configurations: clean,",
    f"{ID}:clean:tset": f"corpus '{ID}:clean' has no split 'tset' (did you mean 'test'?); it has train, ",
    f"{ID}:odd": f"corpus '{ID}:odd' has 2 splits: one, two; name one with --corpus {ID}:odd:SPLIT",
    f"{ID}@v9:clean": f"corpus '{ID}' has no revision 'v9'",
    "org/absent": "corpus 'org/absent' is not on the hub, or is private",
    "org/gated": "corpus 'org/gated' is gated and you are not logged in",
    "org/notes": "corpus 'org/notes' cannot be opened: ",
}


@pytest.mark.parametrize("spec", MISTAKES)
def test_wrong_specs_are_refused(spec: str, hub: Hub, client: Client) -> None:
    """The error is one line that names the available configurations or splits."""
    hub.serve(
        replace(repo("org/gated", FILES, "dataset"), gated=True), repo("org/notes", {"README.md": b"x"}, "dataset")
    )
    assert MISTAKES[spec] in client.corpus(spec).error


def test_a_gated_data_set_opens_to_its_token(hub: Hub, client: Client) -> None:
    """A gated data set is read with the token, which is not printed."""
    hub.serve(replace(repo("org/gated", FILES, "dataset"), gated=True))
    for limit in (None, 2):
        reply = client.corpus("org/gated:other", limit, HF_TOKEN=MEMBER)
        assert "read" in reply.answer, reply.output
        assert MEMBER not in reply.output


def test_revisions_are_pinned(hub: Hub, client: Client) -> None:
    """A commit gives the same rows after main has moved on."""
    first = DATA.refs["main"]
    hub.serve(DATA.with_commit({**FILES, "loud/loud.parquet": parquet(spoken([8]))}, "main"))
    assert ["u8"] == list(client.corpus(f"{ID}:loud").answer["read"])
    reply = client.corpus(f"{ID}@{first}:loud")
    assert (first, ["u7"]) == (reply.commit, list(reply.answer["read"]))


def large(first: int) -> list[Spoken]:
    """Return 200 short utterances, numbered from `first`."""
    return [Spoken(f"u{first + n}", "TEN MEN", encoded(sound(0.6, seed=n % 7))) for n in range(200)]


@pytest.fixture(scope="module")
def librispeech() -> Repo:
    """A data set of two files with ten row groups each, which an old id without an owner also names."""
    files = {f"clean/test-{n}.parquet": parquet(large(200 * n), rows_of_group=20) for n in range(2)}
    return repo(
        "openslr/librispeech_asr", {"README.md": card({"clean": {"test": "clean/test-*.parquet"}}), **files}, "dataset"
    )


def test_a_limit_fetches_a_part(librispeech: Repo, hub: Hub, client: Client) -> None:
    """A limit of 10 fetches row groups for 40 utterances from several parts of a file, and a second run none."""
    hub.serve(librispeech)
    whole = sum(len(data) for path, data in librispeech.commits[0].files.items() if path.endswith(".parquet"))
    reply = client.corpus("librispeech_asr:clean:test", 10)
    assert (10, 40) == (len(reply.answer["read"]), reply.answer["whole"])
    assert 0 < data_fetched(hub) < 0.25 * whole
    drawn = [int(name.removeprefix("u")) for name in reply.answer["read"]]
    assert max(drawn) - min(drawn) > 40
    hub.requests.clear()
    assert {**reply.answer, "datasets": False} == client.corpus("librispeech_asr:clean:test", 10).answer
    assert {**reply.answer, "datasets": False} == client.corpus("librispeech_asr:clean:test", 10, **OFFLINE).answer
    assert 0 == hub.fetched()


def test_a_limit_draws_the_same_utterances_on_every_machine(librispeech: Repo, hub: Hub, tmp_path: Path) -> None:
    """Two empty caches get the same utterances, and a smaller limit fetches less."""
    hub.serve(librispeech)
    ten = [
        client.corpus("librispeech_asr", 10)
        for client in (Client(hub, tmp_path / "one"), Client(hub, tmp_path / "two"))
    ]
    assert ten[0].answer == ten[1].answer
    before = data_fetched(hub)
    assert 4 == Client(hub, tmp_path / "three").corpus("librispeech_asr", 1).answer["whole"]
    assert data_fetched(hub) - before < before / 2


def test_a_limit_opens_few_files(hub: Hub, client: Client) -> None:
    """Of a split with many files, a small limit opens eight and a larger one all."""
    files = {f"data/test-{n:02}.parquet": parquet([CLEAN[0].but(id=f"u{n}")]) for n in range(12)}
    hub.serve(repo("org/many", files, "dataset"))
    assert 4 == client.corpus("org/many", 1).answer["whole"]
    assert 8 == len({request.path for request in hub.requests if request.of_file and ".parquet" in request.path})
    assert 12 == len(client.corpus("org/many", 100).answer["read"])


@pytest.mark.parametrize("limit", [None, 2])
def test_an_empty_split_is_refused(limit: int | None, hub: Hub, client: Client) -> None:
    """A split whose only file has no rows is an error."""
    hub.serve(repo("org/empty", {"data/test-0.parquet": parquet([])}, "dataset"))
    assert "corpus 'org/empty' has no utterance" in client.corpus("org/empty", limit).error


def script(name: str) -> Repo:
    """Return a data set in the old format, a script."""
    return repo(name, {"README.md": b"# A script", f"{name.split('/')[1]}.py": b"raise SystemExit('run!')"}, "dataset")


def test_a_script_is_read_at_its_converted_revision(hub: Hub, client: Client) -> None:
    """The hub's converted files are read; notes report it, the commit, and a split that is converted in part."""
    converted = {"clean/test/0000.parquet": parquet(CLEAN), "other/partial-train/0000.parquet": parquet(OTHER)}
    hub.serve(script("org/old").with_commit(converted, "refs/convert/parquet"))
    reply = client.corpus("org/old:clean")
    assert ids(CLEAN) == list(reply.answer["read"])
    assert hub.repos["dataset", "org/old"].refs["refs/convert/parquet"] == reply.commit
    (note,) = reply.answer["notes"]
    assert "is a script (old.py), which wergate does not run; reading the hub's conversion of its main branch" in note
    assert reply.commit[:12] in note
    assert ids(OTHER) == list(client.corpus("org/old:other").answer["read"])
    assert "only the first part of split 'train'" in client.corpus("org/old:other", **OFFLINE).answer["notes"][1]


def test_a_script_is_read_at_its_mirror(hub: Hub, client: Client) -> None:
    """A known mirror with the same recordings is read; the notes name it, and the commit is the mirror's."""
    mirror = repo(
        MIRROR, {"README.md": card({"clean": SPLITS["other"]}), "other/validation-0.parquet": parquet(OTHER)}, "dataset"
    )
    hub.serve(
        script(DUMMY), mirror.with_commit({**mirror.commits[0].files, "other/train-0.parquet": parquet(CLEAN)}, "main")
    )
    reply = client.corpus(f"{DUMMY}:clean:validation")
    assert ids(OTHER) == list(reply.answer["read"])
    assert f"reading its mirror '{MIRROR}' instead (commit {reply.commit[:12]})" in reply.answer["notes"][0]
    assert hub.repos["dataset", MIRROR].refs["main"] == reply.commit


def test_a_script_without_converted_files_is_refused(hub: Hub, client: Client) -> None:
    """The script is not run, and the error says that there is neither a conversion nor a mirror."""
    hub.serve(script("org/old"))
    reply = client.corpus("org/old:clean:test")
    assert "corpus 'org/old' is a script (old.py), which wergate does not run" in reply.error
    assert "neither converted files at refs/convert/parquet nor a known mirror" in reply.error


def test_another_format_is_read_at_its_converted_revision(hub: Hub, client: Client) -> None:
    """A folder of audio, which would need FFmpeg, is read from the hub's conversion; without one it is an error."""
    folder = repo("org/folder", {f"data/test/{n}.flac": CLEAN[n].audio for n in range(2)}, "dataset")
    hub.serve(folder)
    assert "corpus 'org/folder' is not stored as parquet, and it has neither" in client.corpus("org/folder").error
    hub.serve(folder.with_commit({"default/test/0000.parquet": parquet(CLEAN[:2])}, "refs/convert/parquet"))
    reply = client.corpus("org/folder")
    assert ids(CLEAN[:2]) == list(reply.answer["read"])
    assert "is not stored as parquet; reading the hub's conversion" in reply.answer["notes"][0]


@pytest.mark.parametrize("limit", [None, 2])
def test_a_cut_connection_is_resumed(limit: int | None, hub: Hub, client: Client) -> None:
    """The client repeats the request, and nothing truncated stays in the cache."""
    hub.faults.append(Fault("other/validation-0.parquet", cut_after=2_000, times=1))
    reply = client.corpus(f"{ID}:other", limit)
    assert len(OTHER) == len(reply.answer["read"])
    assert [Fault("other/validation-0.parquet", cut_after=2_000, times=0)] == hub.faults


def test_wrong_bytes_are_found_by_their_checksum(hub: Hub, client: Client) -> None:
    """The error names the damaged file, and the next run fetches it again."""
    hub.faults.append(Fault("other/validation-0.parquet", flip=True, times=1))
    assert "the checksum of validation-0.parquet is wrong" in client.corpus(f"{ID}:other").error
    assert ids(OTHER) == list(client.corpus(f"{ID}:other").answer["read"])
