"""Files of Hugging Face hub repositories, fetched into huggingface_hub's cache and verified by checksum."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from glob import escape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from wergate.errors import SuiteError

_SAFE = ("*.safetensors", "*.json", "*.txt", "*.model")
_PICKLED = ("pytorch_model*.bin",)
_OTHER_WEIGHTS = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")
_BELOW = "*/*"  # skip sub folders: they hold training checkpoints and other formats
_ADAPTERS = "adapter.*.safetensors"  # one file for each language, up to a thousand in one repository
_SHA1_LENGTH, _SHA256_LENGTH = 40, 64
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """The files of a model repository at one commit.

    Attributes:
        folder: their folder in the hub client's cache.
        commit: full commit id, even if a branch or tag was requested.
    """

    folder: Path
    commit: str


def folder_name(folder: Path) -> str:
    """Return the name of a folder, or that of its repository if it is a snapshot in the hub client's cache."""
    absolute = Path(os.path.normpath(folder.absolute()))  # unlike `resolve`, this keeps the names of links
    repository = absolute.parent.parent.name
    if absolute.parent.name == "snapshots" and "--" in repository:
        return repository.rpartition("--")[2]
    return absolute.name


def snapshot(
    hub_id: str, revision: str | None = None, *, allow_pickle: bool = False, language: str | None = None
) -> Snapshot:
    """Fetch a model repository, or find it in the cache, and verify every file's checksum.

    Only safetensors, JSON and text files at the top level of the repository are fetched.
    If the hub is out of reach, a complete snapshot in the cache is used.
    A branch then stands for the commit that it had when it was last fetched.

    Args:
        hub_id: ORG/NAME.
        revision: branch, tag or commit; None stands for the default branch.
        allow_pickle: also fetch pickled PyTorch weights if the repository has no safetensors.
        language: the adapter to fetch, such as "fra", for models with one adapter for each language.

    Raises:
        SuiteError: the repository or revision does not exist, the repository is gated, the hub is out of reach and
            the cache incomplete, the download broke off, a checksum is wrong, or all weights are pickled.
    """
    fetched = _fetch(hub_id, revision, _SAFE, language)
    if not _has_weights(path.name for path in fetched.folder.iterdir()):
        if not allow_pickle:
            raise _no_safetensors(hub_id, fetched)
        fetched = _fetch(hub_id, fetched.commit, (*_SAFE, *_PICKLED), language)
    return fetched


def _has_weights(names: Iterable[str]) -> bool:
    """Return True if a repository's files include the model's weights as safetensors, adapters aside."""
    return any(fnmatch(name, "*.safetensors") and not fnmatch(name, _ADAPTERS) for name in names if "/" not in name)


def _fetch(hub_id: str, revision: str | None, patterns: Sequence[str], language: str | None) -> Snapshot:
    import huggingface_hub

    adapter = (f"adapter.{language}.safetensors",) if language else ()
    download = partial(huggingface_hub.snapshot_download, hub_id, allow_patterns=[*patterns])
    folder = ask_hub(hub_id, revision, lambda: download(revision=revision, ignore_patterns=[_BELOW, _ADAPTERS]))
    fetched = Snapshot(Path(folder), Path(folder).name)
    if adapter:
        only = partial(huggingface_hub.snapshot_download, hub_id, allow_patterns=[*adapter])
        ask_hub(hub_id, revision, lambda: only(revision=fetched.commit))
    used = sorted({path for pattern in (*patterns, *adapter) for path in fetched.folder.glob(pattern)})
    _require_checksums(f"model '{hub_id}' at {fetched.commit[:12]}", used)
    return fetched


def data_files(hub_id: str, commit: str, names: Sequence[str]) -> list[Path]:
    """Fetch files of a data set, or find them in the cache, and verify every file's checksum.

    Args:
        hub_id: ORG/NAME.
        commit: full commit id.
        names: paths in the repository.

    Raises:
        SuiteError: the hub is out of reach and a file is not in the cache, the download broke off, or a checksum
            is wrong.
    """
    import huggingface_hub

    if not names:
        return []
    download = partial(huggingface_hub.snapshot_download, hub_id, repo_type="dataset", revision=commit)
    folder = Path(
        ask_hub(hub_id, commit, lambda: download(allow_patterns=[escape(name) for name in names]), what="corpus")
    )
    paths = [folder / name for name in names]
    _require_checksums(f"corpus '{hub_id}' at {commit[:12]}", paths)
    return paths


def _require_checksums(name: str, files: Iterable[Path]) -> None:
    """Raise an error if a file's checksum is wrong, and remove the file so that the next run fetches it again."""
    wrong = [path for path in files if not _is_whole(path)]
    for path in wrong:
        _remove(path)
    if wrong:
        names = ", ".join(path.name for path in wrong)
        raise SuiteError(
            f"{name}: the checksum of {names} is wrong; the download or the disk damaged it, and it has been removed "
            "from the cache; run again to fetch it again"
        )


def _is_whole(path: Path) -> bool:
    """Return True if a file matches its checksum, or if the cache stores no checksum for it."""
    # The cache links each file to a blob named by its checksum: SHA-256 for files in LFS, else git's blob id.
    # Without links (HF_HUB_DISABLE_SYMLINKS) no checksum is left, and only the client's check of the length remains.
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
    """Remove a file of a snapshot and its blob."""
    # With a shared cache the blob is itself a link, so the file at the end of the chain goes first.
    path.resolve().unlink(missing_ok=True)
    if path.is_symlink():
        (path.parent / path.readlink()).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _no_safetensors(hub_id: str, fetched: Snapshot) -> SuiteError:
    """Return the error for a repository without safetensors, with the weights it has and any conversion on the hub."""
    names = [name for name in _listing(hub_id, fetched) if name.endswith(_OTHER_WEIGHTS)]
    if not names and is_offline():
        return not_cached(hub_id)
    if not names:
        return SuiteError(f"model '{hub_id}' at {fetched.commit[:12]} has no *.safetensors; name another with --model")
    converted = _converted_at(hub_id)
    advice = f"use its conversion with --model {hub_id}@{converted}" if converted else "name a converted model"
    return SuiteError(
        f"model '{hub_id}' at {fetched.commit[:12]} has no *.safetensors, only {', '.join(names)}; pickled weights are "
        f"refused because loading them can run arbitrary code; {advice}, or trust these with --allow-pickle"
    )


def _listing(hub_id: str, fetched: Snapshot) -> list[str]:
    import huggingface_hub

    if is_offline():
        return [path.name for path in sorted(fetched.folder.iterdir())]
    files: list[str] = ask_hub(
        hub_id, fetched.commit, lambda: huggingface_hub.list_repo_files(hub_id, revision=fetched.commit)
    )
    return [name for name in files if "/" not in name]


def _converted_at(hub_id: str) -> str | None:
    """Return the ref of a pull request with the weights as safetensors, as the hub's bot opens them, or None."""
    import huggingface_hub

    if is_offline():
        return None
    try:
        requests = huggingface_hub.list_repo_refs(hub_id, include_pull_requests=True).pull_requests or []
        for ref in requests[:20]:
            files = huggingface_hub.list_repo_files(hub_id, revision=ref.ref)
            if _has_weights(files):
                return str(ref.ref)
    except Exception:  # noqa: BLE001 - this is only a hint, so any failure leaves it out
        return None
    return None


_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")  # of the client
Answer = TypeVar("Answer")


def ask_hub(hub_id: str, revision: str | None, ask: Callable[[], Answer], *, what: str = "model") -> Answer:
    """Return the result of a call to the hub's client, and turn any error of it into one line.

    The client's own messages are not repeated: they are long and may hold anything.

    Args:
        hub_id: repository, for the message.
        revision: branch, tag or commit, for the message.
        ask: the call.
        what: "model" or "corpus", the name of the option that gave the id.

    Raises:
        SuiteError: the call failed; the message says why and what to do.
    """
    try:
        return ask()
    except SuiteError:
        raise
    except Exception as error:  # the client's transports raise exceptions of many libraries
        known = hub_error(hub_id, revision, error, what=what)
        raise known or _unknown(f"{what} '{hub_id}'", error, what) from error


def hub_error(hub_id: str, revision: str | None, error: BaseException, *, what: str = "model") -> SuiteError | None:
    """Return the one-line error for an exception of the hub's client, or None for any other exception."""
    import huggingface_hub.errors as hub

    name = f"{what} '{hub_id}'"
    chain = list(_causes(error))
    unmet = (hub.OfflineModeIsEnabled, hub.LocalEntryNotFoundError, hub.IncompleteSnapshotError)
    if is_offline() and any(isinstance(cause, unmet) for cause in chain):
        return not_cached(hub_id, what=what)
    for kind, message in _MESSAGES:
        match = next((cause for cause in chain if isinstance(cause, getattr(hub, kind))), None)
        if match is not None:
            return SuiteError(message(name, revision, match, what))
    return _broken(name, chain, what)


def _causes(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def is_offline() -> bool:
    """Return True if HF_HUB_OFFLINE was set when the hub's client was imported."""
    import huggingface_hub

    return bool(huggingface_hub.constants.HF_HUB_OFFLINE)


def not_cached(hub_id: str, *, what: str = "model") -> SuiteError:
    """Return the error for a repository that is not completely in the cache while HF_HUB_OFFLINE is set."""
    return SuiteError(
        f"{what} '{hub_id}' is not in the cache, or incomplete, and HF_HUB_OFFLINE forbids fetching it; unset "
        f"HF_HUB_OFFLINE and run again, or name a local copy with --{what} PATH"
    )


def _gated(name: str, _: str | None, error: BaseException, what: str) -> str:
    refused = _status(error) == 403  # noqa: PLR2004 - HTTP's "forbidden": logged in, but without access
    who = "your account has no access" if refused else "you are not logged in"
    return (
        f"{name} is gated and {who}; accept its terms on its hub page, then log in with `hf auth login` or set "
        f"HF_TOKEN; or name a local copy with --{what} PATH"
    )


def _missing(name: str, _: str | None, __: BaseException, what: str) -> str:
    return (
        f"{name} is not on the hub, or is private; ORG/NAME of a repository that you can read is accepted; correct "
        f"--{what}, log in with `hf auth login`, or set HF_TOKEN"
    )


def _no_revision(name: str, revision: str | None, _: BaseException, what: str) -> str:
    return (
        f"{name} has no revision '{revision or 'main'}'; a branch, a tag or a full commit id is accepted after @; "
        f"correct --{what}"
    )


def _malformed(name: str, _: str | None, __: BaseException, what: str) -> str:
    return f"{name} is not a valid hub id; ORG/NAME of letters, digits, '-', '_', '.' is accepted; correct --{what}"


def _status_error(name: str, _: str | None, error: BaseException, what: str) -> str:
    status = _status(error)
    if status in {401, 403}:
        return f"{name} cannot be fetched: the hub refuses the token ({status}); log in again with `hf auth login`"
    return (
        f"{name} cannot be fetched: the hub answers with status {status}; try again later, or name a local copy with "
        f"--{what} PATH"
    )


_MESSAGES: tuple[tuple[str, Callable[[str, str | None, BaseException, str], str]], ...] = (
    ("GatedRepoError", _gated),
    ("RepositoryNotFoundError", _missing),
    ("RevisionNotFoundError", _no_revision),
    ("HFValidationError", _malformed),
    ("HfHubHTTPError", _status_error),
)


def _status(error: BaseException) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _broken(name: str, chain: Sequence[BaseException], what: str) -> SuiteError | None:
    """Return the error for an unusable client, an unreachable server, a full disk or a broken connection, or None."""
    unusable = _unusable_client(name, chain, what)
    if unusable is not None:
        return unusable
    kinds = {base.__name__ for cause in chain for base in type(cause).__mro__}
    if kinds & {"ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol"}:
        return SuiteError(
            f"{name} is not in the cache, or incomplete, and the hub cannot be reached; check the network and "
            f"HF_ENDPOINT, or name a local copy with --{what} PATH"
        )
    disk = next((cause for cause in chain if isinstance(cause, OSError) and _is_of_disk(cause)), None)
    if disk is not None:
        return SuiteError(
            f"{name} cannot be written to the hub's cache: {os.strerror(disk.errno or 0)}; free some space there or "
            "choose another cache with HF_HOME"
        )
    if kinds & {"TransportError", "ConnectionError", "TimeoutError", "LocalEntryNotFoundError"} or _is_short(chain):
        return SuiteError(
            f"{name}: the connection broke off during the download; incomplete files are not used; run again to fetch "
            "the rest"
        )
    return None


def _unusable_client(name: str, chain: Sequence[BaseException], what: str) -> SuiteError | None:
    """Return the error for a package that the client needs and has not found, or for a proxy that it cannot use."""
    from urllib.request import getproxies

    proxies = {f"{key.upper()}_PROXY": urlsplit(url).scheme for key, url in getproxies().items() if "://" in url}
    missing, local = _missing_package(chain), f"or name a local copy with --{what} PATH"
    if missing is not None:
        socks = next((key for key, scheme in proxies.items() if scheme.startswith("socks")), None)
        of_proxy = socks is not None and "sock" in missing.lower()
        needing, unset = (f"the proxy of {socks}", f"unset {socks}, ") if of_proxy else ("the hub's client", "")
        return SuiteError(
            f"{name} cannot be fetched: {needing} needs the package '{missing}', which is not installed; "
            f"run `pip install {missing}`, {unset}{local}"
        )
    bad = next((key for key, scheme in proxies.items() if scheme not in _PROXY_SCHEMES), None)
    if bad is not None and isinstance(chain[0], ValueError):
        return SuiteError(
            f"{name} cannot be fetched: the proxy of {bad} has the scheme '{proxies[bad]}'; "
            f"{', '.join(_PROXY_SCHEMES)} are accepted; correct {bad}, {local}"
        )
    return None


def _missing_package(chain: Sequence[BaseException]) -> str | None:
    """Return the name of the package whose import failed, or None if no import is the reason."""
    failed = [cause for cause in chain if isinstance(cause, ImportError)]
    if not failed or not (failed[0] is chain[0] or any("socks" in str(cause).lower() for cause in failed)):
        return None  # libraries try imports in passing, so an ImportError may only be the context of another error
    quoted = re.search(r"'([\w.-]+)'", str(failed[0]))
    return next((cause.name.partition(".")[0] for cause in failed if cause.name), None) or (quoted and quoted[1])


def _is_of_disk(error: OSError) -> bool:
    """Return True for an error of the file system: it names a file or reports a lack of space."""
    # Network errors are OSErrors with an errno too, but they name no file.
    return error.errno is not None and (error.filename is not None or error.errno in {errno.ENOSPC, errno.EDQUOT})


def _unknown(name: str, error: BaseException, what: str) -> SuiteError:
    return SuiteError(
        f"{name} cannot be fetched ({type(error).__name__} in the hub's client); run again, or name a local copy with "
        f"--{what} PATH"
    )


def _is_short(chain: Sequence[BaseException]) -> bool:
    """Return True if the client received fewer bytes than the hub announced."""
    return any(isinstance(cause, OSError) and "Consistency check failed" in str(cause) for cause in chain)
