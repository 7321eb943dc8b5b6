"""Models of the hub: files and time of downloads, and messages about downloads that fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest

from tests.support.hub_client import Client
from tests.support.hub_repo import Repo, repo
from tests.support.hub_server import Fault, Hub, running
from wergate.errors import SuiteError
from wergate.hub import snapshot

OFFLINE = {"HF_HUB_OFFLINE": "1"}
SECRET, STRANGER, BAD = "hf_secretSECRETsecret", "hf_strangerSTRANGER", "hf_badBADbad"
WEIGHTS = np.random.default_rng(1).bytes(100_000)
SMALL = {"config.json": b"{}", "vocab.json": b'{"a": 0}', "tokenizer.model": b"pieces", "labels.txt": b"a\n"}
USED = {**SMALL, "model.safetensors": WEIGHTS}
BESIDE = {
    "README.md": b"words",
    "pytorch_model.bin": b"a pickle",
    "tf_model.h5": b"h5",
    "checkpoint-1/model.safetensors": b"older",
    "adapter.fra.safetensors": b"French",
}
ID = "org/speech"


@pytest.fixture
def hub() -> Iterator[Hub]:
    """Return a hub with one model."""
    with running(repo(ID, {**USED, **BESIDE}), granted=SECRET, stranger=STRANGER) as hub:
        yield hub


@pytest.fixture
def client(hub: Hub, tmp_path: Path) -> Client:
    """Return a client with an empty cache."""
    return Client(hub, tmp_path / "home")


def content(folder: Path) -> dict[str, bytes]:
    """Return the files of a snapshot."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main_of(hub: Hub) -> Repo:
    """Return the model's repository."""
    return hub.repos["model", ID]


def test_the_first_download_gets_the_files_in_use(hub: Hub, client: Client) -> None:
    """It gets safetensors, JSON and text of the top folder; no pickles, other formats, other checkpoints, adapters."""
    found = client.snapshot(ID)
    assert USED == content(found.folder)
    assert main_of(hub).refs["main"] == found.commit
    assert sum(map(len, USED.values())) == hub.fetched()


def test_a_cache_hit_fetches_nothing(hub: Hub, client: Client) -> None:
    """A second run asks for the commit of main and downloads no file."""
    first, fetched = client.snapshot(ID), hub.fetched()
    hub.requests.clear()
    assert first.answer == client.snapshot(ID).answer
    assert fetched > 0 == hub.fetched()
    assert [f"GET /api/models/{ID}/revision/main"] == [request for request in hub.requested() if ID in request]


def test_offline_the_cache_is_used(hub: Hub, client: Client) -> None:
    """Offline, folder and commit are the same, without any request."""
    first = client.snapshot(ID)
    hub.requests.clear()
    assert first.answer == client.snapshot(ID, environ=OFFLINE).answer
    assert [] == hub.requests


@pytest.mark.parametrize("revision", [None, "main", "0123456789abcdef0123456789abcdef01234567"])
def test_offline_without_a_cache_is_rejected(revision: str | None, hub: Hub, client: Client) -> None:
    """The message has the id and the option for a local folder."""
    reply = client.snapshot(ID, revision, environ=OFFLINE)
    assert f"model '{ID}' is not in the cache, or incomplete, and HF_HUB_OFFLINE forbids" in reply.error
    assert "--model PATH" in reply.error
    assert [] == hub.requests


def test_offline_with_a_missing_file_is_rejected(client: Client) -> None:
    """A snapshot without its weights is incomplete."""
    (client.snapshot(ID).folder / "model.safetensors").unlink()
    assert "or incomplete" in client.snapshot(ID, environ=OFFLINE).error


def test_revisions_are_pinned(hub: Hub, client: Client) -> None:
    """A tag and a commit stay the same while main moves; offline, main is the last known commit."""
    first = client.snapshot(ID).commit
    hub.serve(replace(main_of(hub), refs={**main_of(hub).refs, "refs/tags/v1": first, "v1": first}))
    hub.serve(main_of(hub).with_commit({**USED, "vocab.json": b'{"b": 0}'}, "main"))
    moved = main_of(hub).refs["main"]
    assert first == client.snapshot(ID, environ=OFFLINE).commit
    assert [moved, first, first] == [client.snapshot(ID, revision).commit for revision in (None, "v1", first)]
    assert moved == client.snapshot(ID, environ=OFFLINE).commit
    assert b'{"b": 0}' == content(client.snapshot(ID).folder)["vocab.json"]
    assert USED == content(client.snapshot(ID, "v1", environ=OFFLINE).folder)


@dataclass(frozen=True)
class Refusal:
    """A request that the hub refuses, and the expected message."""

    id: str
    hub_id: str
    message: str
    revision: str | None = None
    token: str = ""


REFUSALS = (
    Refusal("missing, not logged in", "org/absent", "model 'org/absent' is not on the hub, or is private"),
    Refusal("missing, logged in", "org/absent", "model 'org/absent' is not on the hub, or is private", token=SECRET),
    Refusal("no id", "org/a--b", "model 'org/a--b' is not a valid hub id"),
    Refusal("no such revision", ID, f"model '{ID}' has no revision 'v9'", revision="v9"),
    Refusal("no such commit", ID, f"model '{ID}' has no revision 'aaaaaaaaaa", revision="a" * 40),
    Refusal("gated, not logged in", "org/gated", "model 'org/gated' is gated and you are not logged in"),
    Refusal("gated, not granted", "org/gated", "your account has no access", token=STRANGER),
    Refusal("bad token", ID, f"model '{ID}' cannot be fetched: the hub refuses the token (401)", token=BAD),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_a_refusal_is_reported(refusal: Refusal, hub: Hub, client: Client) -> None:
    """The message has the cause and the remedy, and the output never contains the token."""
    hub.serve(replace(repo("org/gated", USED), gated=True))
    token = {"HF_TOKEN": refusal.token} if refusal.token else {}
    reply = client.snapshot(refusal.hub_id, refusal.revision, environ=token)
    assert refusal.message in reply.error
    assert not refusal.token or refusal.token not in reply.output
    assert "gated" not in refusal.id or ("hf auth login" in reply.error and "HF_TOKEN" in reply.error)


def test_a_gated_model_opens_to_its_token(hub: Hub, client: Client) -> None:
    """The token goes only to the hub, not to the storage that it refers to, and is not printed."""
    hub.serve(replace(repo("org/gated", USED), gated=True))
    reply = client.snapshot("org/gated", environ={"HF_TOKEN": SECRET, "HF_DEBUG": "1"})
    assert USED == content(reply.folder)
    assert SECRET not in reply.output
    stored = [r for r in hub.requests if "/resolve/" not in r.path and r.path.endswith("model.safetensors")]
    assert [None] == [request.authorization for request in stored]
    assert any(SECRET in (request.authorization or "") for request in hub.requests)


def test_a_cut_connection_is_resumed(hub: Hub, client: Client) -> None:
    """The client requests the rest of the weights by its range, and the file is complete."""
    weights = np.random.default_rng(2).bytes(12_000_000)  # the client writes pieces of 10 MiB
    hub.serve(repo(ID, {**SMALL, "model.safetensors": weights}))
    hub.faults.append(Fault("model.safetensors", cut_after=11_000_000, times=1))
    assert weights == content(client.snapshot(ID).folder)["model.safetensors"]
    ranges = [request.range for request in hub.requests if request.status == 206]
    assert ["bytes=10485760-"] == ranges


def test_a_connection_that_is_always_cut_is_reported(hub: Hub, client: Client) -> None:
    """No truncated file remains in the cache; the next run with a working connection downloads the missing file."""
    hub.faults.append(Fault("model.safetensors", cut_after=50_000))
    assert "the connection broke off during the download" in client.snapshot(ID).error
    assert [] == list(client.home.rglob("*.safetensors"))
    assert "or incomplete" in client.snapshot(ID, environ=OFFLINE).error
    hub.faults.clear()
    hub.requests.clear()
    assert USED == content(client.snapshot(ID).folder)
    assert len(WEIGHTS) == hub.fetched()


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.json"])
def test_wrong_bytes_are_found_by_their_checksum(name: str, hub: Hub, client: Client) -> None:
    """A file with the right length and wrong content is named and rejected; only that file is downloaded again."""
    hub.faults.append(Fault(name, flip=True, times=1))
    reply = client.snapshot(ID)
    assert f"the checksum of {name} is wrong" in reply.error
    assert "or incomplete" in client.snapshot(ID, environ=OFFLINE).error
    hub.requests.clear()
    assert USED == content(client.snapshot(ID).folder)
    assert len(USED[name]) == hub.fetched()


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
def test_a_blob_that_became_corrupt_is_found_offline(shared: bool, client: Client, tmp_path: Path) -> None:
    """Files are checked again when they are used; only the corrupt one is removed.

    The client can keep blobs in a store that several caches share. A blob is then a link to that store.
    """
    folder = client.snapshot(ID).folder
    blob = (folder / "model.safetensors").resolve()
    if shared:
        blob = blob.rename(tmp_path / "shared")
        (folder / "model.safetensors").parent.joinpath((folder / "model.safetensors").readlink()).symlink_to(blob)
        assert USED == content(client.snapshot(ID, environ=OFFLINE).folder)
    blob.write_bytes(WEIGHTS[:-1] + b"?")
    reply = client.snapshot(ID, environ=OFFLINE)
    assert "the checksum of model.safetensors is wrong" in reply.error
    assert SMALL == content(folder)
    assert not blob.exists()
    assert USED == content(client.snapshot(ID).folder)


def test_a_model_with_pickles_only_is_rejected(hub: Hub, client: Client) -> None:
    """The message names the existing weights and the pull request with safetensors; no pickle is downloaded."""
    old = repo("org/old", {**SMALL, **BESIDE})
    hub.serve(
        old, old.with_commit({**SMALL, **BESIDE, "config.json": b"[]"}, "refs/pr/1").with_commit(USED, "refs/pr/2")
    )
    reply = client.snapshot("org/old")
    assert "no *.safetensors, only pytorch_model.bin, tf_model.h5; pickled weights are refused" in reply.error
    assert "--model org/old@refs/pr/2" in reply.error
    assert "--allow-pickle" in reply.error
    assert 0 == hub.fetched(".bin") == hub.fetched(".h5")
    assert USED == content(client.snapshot("org/old", "refs/pr/2").folder)


def test_pickles_are_downloaded_if_they_are_allowed(hub: Hub, client: Client) -> None:
    """Only PyTorch's pickles are downloaded, and only if there are no safetensors; offline, the cache is used."""
    hub.serve(repo("org/old", {**SMALL, **BESIDE}))
    found = client.snapshot("org/old", allow_pickle=True)
    assert {**SMALL, "pytorch_model.bin": b"a pickle"} == content(found.folder)
    assert found.answer == client.snapshot("org/old", allow_pickle=True, environ=OFFLINE).answer
    assert USED == content(client.snapshot(ID, allow_pickle=True).folder)


def test_a_model_without_weights_is_rejected(hub: Hub, client: Client) -> None:
    """A model without *.safetensors and without pickles is rejected."""
    hub.serve(repo("org/none", SMALL))
    assert "has no *.safetensors; name another" in client.snapshot("org/none").error


def test_a_language_adapter_is_fetched_when_it_is_named(client: Client) -> None:
    """Only the adapter of the chosen language is downloaded."""
    found = client.snapshot(ID, language="fra")
    assert {**USED, "adapter.fra.safetensors": b"French"} == content(found.folder)


def test_an_unreachable_hub_is_reported(client: Client) -> None:
    """With a complete snapshot in the cache, the hub is not needed."""
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    reply = client.snapshot(ID, environ=nowhere)
    assert "the hub cannot be reached; check the network and HF_ENDPOINT" in reply.error
    assert client.snapshot(ID).answer == client.snapshot(ID, environ=nowhere).answer


@dataclass(frozen=True)
class Proxy:
    """A proxy that the client cannot use, and the expected message."""

    id: str
    variable: str
    address: str
    message: str


NEEDS_SOCKS = (
    "model 'org/speech' cannot be fetched: the proxy of {} needs the package 'socksio', which is not installed; "
    "run `pip install socksio`, unset {}, or name a local copy with --model PATH"
)
BAD_SCHEME = "model 'org/speech' cannot be fetched: the proxy of ALL_PROXY has the scheme 'socks4'; http, https, "
PROXIES = (
    Proxy("SOCKS", "ALL_PROXY", "socks5://user:pass@127.0.0.1:9", NEEDS_SOCKS.format("ALL_PROXY", "ALL_PROXY")),
    Proxy("SOCKS with names", "ALL_PROXY", "socks5h://127.0.0.1:9", NEEDS_SOCKS.format("ALL_PROXY", "ALL_PROXY")),
    Proxy("of one protocol", "HTTPS_PROXY", "socks5://127.0.0.1:9", NEEDS_SOCKS.format("HTTPS_PROXY", "HTTPS_PROXY")),
    Proxy("in small letters", "all_proxy", "socks5://127.0.0.1:9", NEEDS_SOCKS.format("ALL_PROXY", "ALL_PROXY")),
    Proxy("of another kind", "ALL_PROXY", "socks4://127.0.0.1:9", BAD_SCHEME),
)


@pytest.mark.skipif(find_spec("socksio") is not None, reason="socksio is installed, so the client can use SOCKS")
@pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.id)
def test_a_proxy_that_the_client_cannot_use_is_reported(proxy: Proxy, client: Client) -> None:
    """The message names the variable and what is missing, and not the address, which may have a password."""
    reply = client.snapshot(ID, environ={proxy.variable: proxy.address})
    assert reply.error.startswith(proxy.message)
    assert "pass" not in reply.error.replace("password", "")


def test_a_missing_package_of_the_client_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of its import, also where a message stands in for it."""

    def broken(*_: object, **__: object) -> None:
        import a_package_that_nobody_has.inner  # noqa: F401

    monkeypatch.setattr(huggingface_hub, "snapshot_download", broken)
    message = (
        r"the hub's client needs the package 'a_package_that_nobody_has', which is not installed; run `pip install"
    )
    with pytest.raises(SuiteError, match=message):
        snapshot(ID)


def test_a_cache_that_cannot_be_written_is_reported(hub: Hub, tmp_path: Path) -> None:
    """The message blames the disk, not the network."""
    (tmp_path / "file").write_text("")
    reply = Client(hub, tmp_path / "file" / "home").snapshot(ID)
    assert f"model '{ID}' cannot be written to the hub's cache: Not a directory" in reply.error
    assert "HF_HOME" in reply.error


def test_unexpected_errors_of_the_client_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the class of an unknown error but not its text, which could contain a secret."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", broken)
    with pytest.raises(SuiteError, match=r"cannot be fetched .RuntimeError in the hub's client.; run again") as reply:
        snapshot(ID)
    assert SECRET not in str(reply.value)


def test_a_hub_with_a_server_error_is_reported(hub: Hub, client: Client) -> None:
    """The message has the status; a complete snapshot in the cache is used instead."""
    hub.faults.append(Fault("/revision/main", status=500))
    assert "the hub answers with status 500" in client.snapshot(ID).error
    hub.faults.clear()
    known = client.snapshot(ID).answer
    hub.faults.append(Fault("/revision/main", status=500))
    assert known == client.snapshot(ID).answer
