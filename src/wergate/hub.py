"""The hub: a repository's files as huggingface_hub caches them, each checked against its checksum."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any, TypeVar

from wergate.errors import SuiteError

_SAFE = ("*.safetensors", "*.json", "*.txt", "*.model")
_PICKLED = ("pytorch_model*.bin",)
_OTHER_WEIGHTS = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")
_BELOW = "*/*"  # only files at the top: other folders hold checkpoints of the training, or other formats
_ADAPTERS = "adapter.*.safetensors"  # one for each language, up to a thousand of them
_SHA1_LENGTH, _SHA256_LENGTH = 40, 64
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """A model repository's files at one commit.

    Attributes:
        folder: where they are, in the hub client's own cache.
        commit: the full commit id, whatever branch or tag was asked for.
    """

    folder: Path
    commit: str


def snapshot(
    hub_id: str, revision: str | None = None, *, allow_pickle: bool = False, language: str | None = None
) -> Snapshot:
    """Fetch a model repository, or find it in the cache; every file is checked against its checksum.

    Only safetensors, JSON and text files at the top of the repository are fetched. Where the hub cannot be reached, a
    snapshot that is whole in the cache is used, and a branch is the commit that it was when it was last seen.

    Args:
        hub_id: ORG/NAME.
        revision: branch, tag or commit; None is the default branch.
        allow_pickle: fetch pickled PyTorch weights where there are no safetensors.
        language: the adapter of a model that has one for each language, such as "fra".

    Raises:
        SuiteError: no such repository or revision, a gated repository, offline or out of reach and not in the cache,
            a download that broke off, a wrong checksum, only pickled weights.
    """
    found = _fetch(hub_id, revision, _SAFE, language)
    if not _has_weights(path.name for path in found.folder.iterdir()):
        if not allow_pickle:
            raise _no_safetensors(hub_id, found)
        found = _fetch(hub_id, found.commit, (*_SAFE, *_PICKLED), language)
    return found


def _has_weights(names: Iterable[str]) -> bool:
    """Tell whether a model's own weights are among a repository's files, as safetensors."""
    return any(fnmatch(name, "*.safetensors") and not fnmatch(name, _ADAPTERS) for name in names if "/" not in name)


def _fetch(hub_id: str, revision: str | None, patterns: Sequence[str], language: str | None) -> Snapshot:
    import huggingface_hub

    adapter = (f"adapter.{language}.safetensors",) if language else ()
    download = partial(huggingface_hub.snapshot_download, hub_id, allow_patterns=[*patterns])
    folder = asked(hub_id, revision, lambda: download(revision=revision, ignore_patterns=[_BELOW, _ADAPTERS]))
    found = Snapshot(Path(folder), Path(folder).name)
    if adapter:
        only = partial(huggingface_hub.snapshot_download, hub_id, allow_patterns=[*adapter])
        asked(hub_id, revision, lambda: only(revision=found.commit))
    used = sorted({path for pattern in (*patterns, *adapter) for path in found.folder.glob(pattern)})
    _require_checksums(f"model '{hub_id}' at {found.commit[:12]}", used)
    return found


def data_files(hub_id: str, commit: str, names: Sequence[str]) -> list[Path]:
    """Fetch files of a data set, or find them in the cache; each is checked against its checksum.

    Raises:
        SuiteError: offline or out of reach and not in the cache, a download that broke off, a wrong checksum.
    """
    import huggingface_hub

    if not names:
        return []
    download = partial(huggingface_hub.snapshot_download, hub_id, repo_type="dataset", revision=commit)
    folder = Path(
        asked(hub_id, commit, lambda: download(allow_patterns=[escape(name) for name in names]), what="corpus")
    )
    paths = [folder / name for name in names]
    _require_checksums(f"corpus '{hub_id}' at {commit[:12]}", paths)
    return paths


def _require_checksums(name: str, files: Iterable[Path]) -> None:
    """Refuse a file that is not what the hub says it is, and remove it, so that the next run fetches it anew."""
    wrong = [path for path in files if not _is_whole(path)]
    for path in wrong:
        _remove(path)
    if wrong:
        names = ", ".join(path.name for path in wrong)
        raise SuiteError(
            f"{name}: the checksum of {names} is wrong; it was damaged on its way or on the disk and has been removed "
            "from the cache; run again to fetch it anew"
        )


def _is_whole(path: Path) -> bool:
    """Compare a file with its checksum, which is the name of the blob that the cache links it to.

    Files in LFS are named by their SHA-256, others by git's id. A cache without links (HF_HUB_DISABLE_SYMLINKS) keeps
    no checksum, and there only the client's own check of the length remains.
    """
    expected = path.readlink().name if path.is_symlink() else ""
    if len(expected) == _SHA256_LENGTH:
        return _digest(path, hashlib.sha256()) == expected
    if len(expected) == _SHA1_LENGTH:
        header = b"blob %d\0" % path.stat().st_size
        return _digest(path, hashlib.sha1(header, usedforsecurity=False)) == expected
    return True


def _digest(path: Path, digest: Any) -> str:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    hexadecimal: str = digest.hexdigest()
    return hexadecimal


def _remove(path: Path) -> None:
    """Remove a file of a snapshot with its blob, and what the blob links to where blobs are shared."""
    path.resolve().unlink(missing_ok=True)
    if path.is_symlink():
        (path.parent / path.readlink()).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _no_safetensors(hub_id: str, found: Snapshot) -> SuiteError:
    """Say which weights there are instead, and where the hub keeps a converted file."""
    names = [name for name in _listing(hub_id, found) if name.endswith(_OTHER_WEIGHTS)]
    if not names and is_offline():
        return not_cached(hub_id)
    if not names:
        return SuiteError(f"model '{hub_id}' at {found.commit[:12]} has no *.safetensors; name another with --model")
    converted = _converted_at(hub_id)
    advice = f"name its conversion with --model {hub_id}@{converted}" if converted else "name a converted model"
    return SuiteError(
        f"model '{hub_id}' at {found.commit[:12]} has no *.safetensors, only {', '.join(names)}; pickled weights are "
        f"refused, since they can run any code when they are loaded; {advice}, or trust these with --allow-pickle"
    )


def _listing(hub_id: str, found: Snapshot) -> list[str]:
    import huggingface_hub

    if is_offline():
        return [path.name for path in sorted(found.folder.iterdir())]
    files: list[str] = asked(
        hub_id, found.commit, lambda: huggingface_hub.list_repo_files(hub_id, revision=found.commit)
    )
    return [name for name in files if "/" not in name]


def _converted_at(hub_id: str) -> str | None:
    """Return the pull request that holds the weights as safetensors: the hub's own bot opens such ones."""
    import huggingface_hub

    if is_offline():
        return None
    try:
        requests = huggingface_hub.list_repo_refs(hub_id, include_pull_requests=True).pull_requests or []
        for ref in requests[:20]:
            files = huggingface_hub.list_repo_files(hub_id, revision=ref.ref)
            if _has_weights(files):
                return str(ref.ref)
    except Exception:  # noqa: BLE001 - a hint that cannot be had is no error of its own
        return None
    return None


Found = TypeVar("Found")


def asked(hub_id: str, revision: str | None, ask: Callable[[], Found], *, what: str = "model") -> Found:
    """Ask the hub's client, and turn its many ways to say no into one line each.

    The client's own messages are not repeated: they are long, and whatever is in them has not been looked at.

    Args:
        what: "model" or "corpus", as the option is called.

    Raises:
        SuiteError: what is the matter, and what to do.
    """
    try:
        return ask()
    except SuiteError:
        raise
    except Exception as error:  # its ways of transfer raise whatever they find
        told = explained(hub_id, revision, error, what=what)
        raise told or _unknown(f"{what} '{hub_id}'", error, what) from error


def explained(hub_id: str, revision: str | None, error: BaseException, *, what: str = "model") -> SuiteError | None:
    """Return the one line for an error of the hub's client, or None for an error that is not the hub's."""
    import huggingface_hub.errors as hub

    name = f"{what} '{hub_id}'"
    chain = list(_causes(error))
    unmet = (hub.OfflineModeIsEnabled, hub.LocalEntryNotFoundError, hub.IncompleteSnapshotError)
    if is_offline() and any(isinstance(cause, unmet) for cause in chain):
        return not_cached(hub_id, what=what)
    for kind, say in _ANSWERS:
        found = next((cause for cause in chain if isinstance(cause, getattr(hub, kind))), None)
        if found is not None:
            return SuiteError(say(name, revision, found, what))
    return _broken(name, chain, what)


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def is_offline() -> bool:
    """Tell whether HF_HUB_OFFLINE forbids to ask the hub, as its client read it."""
    import huggingface_hub

    return bool(huggingface_hub.constants.HF_HUB_OFFLINE)


def not_cached(hub_id: str, *, what: str = "model") -> SuiteError:
    """Return the line for what is wanted offline and was never fetched."""
    return SuiteError(
        f"{what} '{hub_id}' is not in the cache, or not whole, and HF_HUB_OFFLINE forbids to fetch it; unset it "
        f"to fetch it once, or name a local copy with --{what} PATH"
    )


def _gated(name: str, _: str | None, error: BaseException, what: str) -> str:
    refused = _status(error) == 403  # noqa: PLR2004 - HTTP's "forbidden": logged in, and not on the list
    who = "your account has not been given access" if refused else "nobody is logged in"
    return (
        f"{name} is gated and {who}; accept its terms on its page of the hub, then log in with `hf auth login` or set "
        f"HF_TOKEN; or name a local copy with --{what} PATH"
    )


def _missing(name: str, _: str | None, __: BaseException, what: str) -> str:
    return (
        f"{name} is not on the hub, or is private; ORG/NAME of a repository that you may read is accepted; correct "
        f"--{what}, or log in with `hf auth login` or HF_TOKEN"
    )


def _no_revision(name: str, revision: str | None, _: BaseException, what: str) -> str:
    return (
        f"{name} has no revision '{revision or 'main'}'; a branch, a tag or a full commit id is accepted after @; "
        f"correct --{what}"
    )


def _malformed(name: str, _: str | None, __: BaseException, what: str) -> str:
    return f"{name} is no id of the hub; ORG/NAME of letters, digits, '-', '_' and '.' is accepted; correct --{what}"


def _answered(name: str, _: str | None, error: BaseException, what: str) -> str:
    status = _status(error)
    if status in {401, 403}:
        return f"{name} cannot be fetched: the hub refuses the token ({status}); log in again with `hf auth login`"
    return (
        f"{name} cannot be fetched: the hub answers with status {status}; try again later, or name a local copy with "
        f"--{what} PATH"
    )


_ANSWERS: tuple[tuple[str, Callable[[str, str | None, BaseException, str], str]], ...] = (
    ("GatedRepoError", _gated),
    ("RepositoryNotFoundError", _missing),
    ("RevisionNotFoundError", _no_revision),
    ("HFValidationError", _malformed),
    ("HfHubHTTPError", _answered),
)


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _broken(name: str, chain: Sequence[BaseException], what: str) -> SuiteError | None:
    """Tell a server that cannot be reached from a connection that broke, and from a disk that is full."""
    kinds = {base.__name__ for cause in chain for base in type(cause).__mro__}
    if kinds & {"ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol"}:
        return SuiteError(
            f"{name} is not in the cache, or not whole, and the hub cannot be reached; check the network and "
            f"HF_ENDPOINT, or name a local copy with --{what} PATH"
        )
    disk = next((cause for cause in chain if isinstance(cause, OSError) and _is_of_disk(cause)), None)
    if disk is not None:
        return SuiteError(
            f"{name} cannot be written to the hub's cache: {os.strerror(disk.errno or 0)}; free some space there or "
            "name another cache with HF_HOME"
        )
    if kinds & {"TransportError", "ConnectionError", "TimeoutError", "LocalEntryNotFoundError"} or _is_short(chain):
        return SuiteError(
            f"{name}: the connection broke off during the download; nothing incomplete is used; run again to fetch the "
            "rest"
        )
    return None


def _is_of_disk(error: OSError) -> bool:
    """Tell an error of the file system from one of the network: it names a file, or says that there is no room."""
    return error.errno is not None and (error.filename is not None or error.errno in {errno.ENOSPC, errno.EDQUOT})


def _unknown(name: str, error: BaseException, what: str) -> SuiteError:
    return SuiteError(
        f"{name} cannot be fetched ({type(error).__name__} in the hub's client); run again, or name a local copy with "
        f"--{what} PATH"
    )


def _is_short(chain: Sequence[BaseException]) -> bool:
    """Tell whether the client counted fewer bytes than the hub had announced."""
    return any(isinstance(cause, OSError) and "Consistency check failed" in str(cause) for cause in chain)
