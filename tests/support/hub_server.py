"""A model hub on 127.0.0.1 that serves repositories to huggingface_hub and datasets.

Like the real hub, it redirects requests for files in LFS to a storage server, which has its own port. A test can inject
faults while the server runs: a connection that breaks, or wrong bytes of the right length. A third port is a proxy
that refuses all requests and records them, to detect requests to other hosts.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.hub_repo import Commit, Kind, Repo, entries, etag, info, is_lfs, references, sha256

_REVISION = r"(?P<revision>refs%2F[\w.-]+%2F[\w.-]+|refs/[\w.-]+/[\w.-]+|[^/]+)"
_API = re.compile(r"/api/(?P<kind>model|dataset)s/(?P<id>[\w.-]+/[\w.-]+)(?P<rest>/.*)?")
_RESOLVE = re.compile(rf"/(?P<kind>datasets/)?(?P<id>[\w.-]+/[\w.-]+)/resolve/{_REVISION}/(?P<path>.+)")
_PART = re.compile(rf"/(?P<what>revision|tree|paths-info)/{_REVISION}(/(?P<path>.*))?")
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


@dataclass(frozen=True)
class Fault:
    """A fault in the answers for one file.

    Attributes:
        path: end of the file's path.
        cut_after: number of bytes after which the connection is closed; None sends all.
        flip: True to change the last byte.
        status: HTTP status to answer instead of the file.
        times: number of answers with this fault.
    """

    path: str
    cut_after: int | None = None
    flip: bool = False
    status: int | None = None
    times: int = 1_000_000


@dataclass(frozen=True)
class Request:
    """One request and its answer.

    Attributes:
        method: HTTP method.
        path: decoded path of the URL.
        status: HTTP status of the answer.
        sent: number of bytes of the body that were sent.
        range: the Range header, or None.
        authorization: the Authorization header, or None.
        of_file: True if the body is a file, and not JSON of the API.
    """

    method: str
    path: str
    status: int
    sent: int
    range: str | None
    authorization: str | None
    of_file: bool


@dataclass
class Hub:
    """The running server.

    Attributes:
        url: address of the hub.
        storage_url: address of the storage server.
        proxy_url: address of the proxy.
        granted: tokens with access to gated repositories.
        strangers: valid tokens without that access.
        repos: repositories by kind and id.
        faults: faults in effect.
        outside: requests that reached the proxy, which are those to other hosts.
        requests: all requests to the hub and the storage server.
        lock: guards `faults` and `requests`.
    """

    url: str = ""
    storage_url: str = ""
    proxy_url: str = ""
    granted: frozenset[str] = frozenset()
    strangers: frozenset[str] = frozenset()
    repos: dict[tuple[Kind, str], Repo] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, *repos: Repo) -> None:
        """Add repositories, replacing any with the same id."""
        self.repos |= {(each.kind, each.id): each for each in repos}

    def fetched(self, ending: str = "") -> int:
        """Return the number of bytes sent of files whose path has this ending."""
        return sum(r.sent for r in self.requests if r.method == "GET" and r.of_file and r.path.endswith(ending))

    def requested(self) -> list[str]:
        """Return the method and path of each request."""
        return [f"{r.method} {r.path}" for r in self.requests]

    def fault(self, path: str, of: Callable[[Fault], bool]) -> Fault | None:
        """Return the first matching fault that applies to a file, and count it, or return None."""
        with self.lock:
            for number, fault in enumerate(self.faults):
                if path.endswith(fault.path) and of(fault) and fault.times > 0:
                    self.faults[number] = replace(fault, times=fault.times - 1)
                    return fault
        return None


@contextmanager
def running(*repos: Repo, granted: str = "", stranger: str = "") -> Iterator[Hub]:
    """Serve repositories until the end of the `with` block.

    Args:
        repos: repositories to serve.
        granted: token with access to gated repositories.
        stranger: valid token without that access.
    """
    hub = Hub(granted=frozenset({f"Bearer {granted}"}), strangers=frozenset({f"Bearer {stranger}"}))
    hub.serve(*repos)
    handlers = (_handler(hub, storage=False), _handler(hub, storage=True), _proxy(hub))
    servers = [_Server(("127.0.0.1", 0), handler) for handler in handlers]
    hub.url, hub.storage_url, hub.proxy_url = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@dataclass(frozen=True)
class Answer:
    """An HTTP response; `file` is the path of the file in its body, whose faults apply, or None."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None


def _spoils(fault: Fault) -> bool:
    return fault.status is None


def _json(value: Any) -> Answer:
    return Answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, json.dumps({"error": message}).encode(), {"X-Error-Code": code, "X-Error-Message": message})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Ignore clients that disconnect in the middle of an answer."""


def _proxy(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Print nothing, because `hub.outside` records the requests."""

        def _refuse(self) -> None:
            hub.outside.append(f"{self.command} {self.path}")
            self.send_error(403)

        do_CONNECT = do_GET = do_HEAD = do_POST = _refuse  # noqa: N815 - the names that the base class calls

    return Proxy


def _handler(hub: Hub, *, storage: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Print nothing, because `hub.requests` records the requests."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            refusal = hub.fault(urlsplit(self.path).path, of=lambda fault: fault.status is not None)
            if refusal and refusal.status:
                answer = Answer(refusal.status, b'{"error": "out of order"}')
            else:
                token = self.headers.get("Authorization")
                answer = _stored(hub, self.path) if storage else _hub_answer(hub, self.path, token, body)
            self._send(_ranged(answer, self.headers.get("Range")))

        do_GET = do_HEAD = do_POST = _answer  # noqa: N815 - the names that the base class calls

        def _send(self, answer: Answer) -> None:
            body = answer.body
            fault = hub.fault(answer.file, of=_spoils) if answer.file and body and self.command == "GET" else None
            if fault and fault.flip:
                body = body[:-1] + bytes([body[-1] ^ 1])
            sent = body[: fault.cut_after] if fault and fault.cut_after is not None else body
            if self.command == "HEAD":
                sent = b""
            self._record(answer, len(sent))
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent)
            self.close_connection = len(sent) < len(body) and self.command != "HEAD"

        def _record(self, answer: Answer, sent: int) -> None:
            record = Request(
                self.command,
                unquote(urlsplit(self.path).path),
                answer.status,
                sent,
                self.headers.get("Range"),
                self.headers.get("Authorization"),
                storage or bool(answer.file),
            )
            with hub.lock:
                hub.requests.append(record)

    return Handler


def _ranged(answer: Answer, wanted: str | None) -> Answer:
    """Reduce the answer for a file to the requested byte range."""
    match = _RANGE.fullmatch(wanted or "")
    if answer.status != 200 or answer.file is None or match is None:
        return answer
    size = len(answer.body)
    first = int(match["first"]) if match["first"] else size - int(match["last"])
    last = min(int(match["last"]), size - 1) if match["first"] and match["last"] else size - 1
    if first >= size:
        return Answer(416, b"", {"Content-Range": f"bytes */{size}"})
    headers = {**answer.headers, "Content-Range": f"bytes {first}-{last}/{size}"}
    return replace(answer, status=206, body=answer.body[first : last + 1], headers=headers)


def _stored(hub: Hub, path: str) -> Answer:
    """Return the answer of the storage server for a path /SHA256/FILENAME."""
    wanted = urlsplit(path).path.split("/")[1]
    for each in hub.repos.values():
        for commit in each.commits:
            for name, data in commit.files.items():
                if sha256(data) == wanted:
                    return Answer(200, data, {"ETag": f'"{wanted}"', "Accept-Ranges": "bytes"}, file=name)
    return Answer(404)


def _hub_answer(hub: Hub, path: str, authorization: str | None, body: bytes) -> Answer:
    """Return the answer of the hub for a file or an API request."""
    parts = urlsplit(path)
    if match := _RESOLVE.fullmatch(parts.path):
        kind: Kind = "dataset" if match["kind"] else "model"
        return _of_repo(hub, (kind, match["id"]), authorization) or _resolved(hub, match, kind, authorization)
    if match := _API.fullmatch(parts.path):
        kind = "dataset" if match["kind"] == "dataset" else "model"
        if refused := _of_repo(hub, (kind, match["id"]), authorization):
            return refused
        each = hub.repos[kind, match["id"]]
        if match["rest"] == "/auth-check":
            return _closed(hub, each, authorization) or _json({})
        return _listed(each, match["rest"] or "", body, parts.query)
    return Answer(404, b'{"error": "not found"}')


def _of_repo(hub: Hub, key: tuple[Kind, str], authorization: str | None) -> Answer | None:
    """Return the refusal for a missing repository or an invalid token, or None.

    Like the real hub, it answers 401 for a missing repository without a token, and 404 with one.
    """
    if authorization and authorization not in hub.granted | hub.strangers:
        return Answer(
            401, b'{"error": "bad token"}', {"X-Error-Message": "Invalid credentials in Authorization header"}
        )
    if key in hub.repos:
        return None
    return _refused(404 if authorization else 401, "RepoNotFound", "Repository not found")


def _resolved(hub: Hub, match: re.Match[str], kind: Kind, authorization: str | None) -> Answer:
    """Return the answer for a file: its content, or a redirect to the storage server."""
    each = hub.repos[kind, match["id"]]
    if refused := _closed(hub, each, authorization):
        return refused
    commit = each.commit(unquote(match["revision"]))
    if commit is None:
        return _refused(404, "RevisionNotFound", f"Invalid rev id: {unquote(match['revision'])}")
    path = unquote(match["path"])
    if path not in commit.files:
        refused = _refused(404, "EntryNotFound", "Entry not found")
        return replace(refused, headers={**refused.headers, "X-Repo-Commit": commit.sha})
    data = commit.files[path]
    headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{etag(path, data)}"', "Accept-Ranges": "bytes"}
    if not is_lfs(path):
        return Answer(200, data, headers, file=path)
    linked = {"X-Linked-Size": str(len(data)), "X-Linked-Etag": f'"{sha256(data)}"'}
    return Answer(302, b"", {**headers, **linked, "Location": f"{hub.storage_url}/{sha256(data)}/{Path(path).name}"})


def _closed(hub: Hub, each: Repo, authorization: str | None) -> Answer | None:
    """Return the refusal for a gated repository, 401 without a token and 403 without access, or None."""
    if not each.gated or authorization in hub.granted:
        return None
    return _refused(403 if authorization else 401, "GatedRepo", f"Access to {each.kind} {each.id} is restricted.")


def _listed(each: Repo, rest: str, body: bytes, query: str) -> Answer:
    """Return the answer for metadata of a repository: references, commits, files and folders."""
    if rest == "/refs":
        return _json(references(each))
    match = _PART.fullmatch(rest) if rest else None
    if rest and match is None:
        return Answer(404, b'{"error": "not found"}')
    revision = unquote(match["revision"]) if match else "main"
    commit = each.commit(revision)
    if commit is None:
        return _refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    if match is None or match["what"] == "revision":
        return _json(info(each, commit))
    if match["what"] == "paths-info":
        paths = json.loads(body)["paths"] if body.startswith(b"{") else parse_qs(body.decode()).get("paths", [])
        return _json([entry for path in paths for entry in entries(commit) if entry["path"] == path.strip("/")])
    return _tree(commit, unquote(match["path"] or ""), recursive="recursive=true" in query.lower())


def _tree(commit: Commit, folder: str, *, recursive: bool) -> Answer:
    inside = [entry for entry in entries(commit) if not folder or entry["path"].startswith(f"{folder}/")]
    if not inside:
        return _refused(404, "EntryNotFound", f"{folder} does not exist on {commit.sha}")
    depth = folder.count("/") + 1 if folder else 0
    return _json([entry for entry in inside if recursive or entry["path"].count("/") == depth])
