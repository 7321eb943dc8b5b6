"""What the hub's client says when it cannot fetch something, as one line each that a person can act on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from wergate.errors import SuiteError

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
