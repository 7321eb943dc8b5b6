"""One comment on a pull request: written, updated, left alone, and never an error."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from wergate.action.comment import comment
from wergate.action.inputs import Inputs, read_inputs

PULL_REQUEST = {"pull_request": {"number": 7, "head": {"repo": {"full_name": "team/asr"}}}}
FORK = {"pull_request": {"number": 7, "head": {"repo": {"full_name": "someone/asr"}}}}


@dataclass
class GitHub:
    """GitHub's interface on 127.0.0.1.

    Attributes:
        comments: bodies of the comments by id.
        sent: method and path of each request.
        refuses: whether the token may not write.
    """

    comments: dict[int, str] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False
    address: str = ""

    def answer(self, method: str, path: str, body: dict[str, str]) -> tuple[int, Any]:
        """Return status and content."""
        self.sent.append((method, path))
        if method == "GET":
            page = int(path.rpartition("=")[2])
            listed = [{"id": key, "body": text} for key, text in self.comments.items()]
            return 200, listed[100 * (page - 1) : 100 * page]
        if self.refuses:
            return 403, {"message": "Resource not accessible by integration"}
        number = int(path.rpartition("/")[2]) if method == "PATCH" else len(self.comments) + 1
        self.comments[number] = body["body"]
        return 201, {"id": number}


@pytest.fixture
def github() -> Iterator[GitHub]:
    """A server that runs during a test."""
    service = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else {}
            assert "Bearer secret" == self.headers["Authorization"]
            status, content = service.answer(self.command, self.path, body)
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - names of http.server

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    service.address = f"http://127.0.0.1:{server.server_port}"
    yield service
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def inputs(github: GitHub, tmp_path: Path) -> Inputs:
    """Inputs of a run that has failed, on a pull request of the repository itself."""
    (tmp_path / "event.json").write_text(json.dumps(PULL_REQUEST))
    (tmp_path / "wergate").mkdir()
    (tmp_path / "wergate" / "summary.md").write_text("## wergate: FAIL\n\nfigures\n")
    return read_inputs(
        {
            "WERGATE_INPUT_COMMENT": "always",
            "WERGATE_TOKEN": "secret",
            "WERGATE_EXIT_CODE": "10",
            "WERGATE_VERDICT": "FAIL",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_API_URL": github.address,
            "GITHUB_REPOSITORY": "team/asr",
            "GITHUB_JOB": "gates",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        }
    )


def verdict(inputs: Inputs, status: str, **changes: Any) -> Inputs:
    """Return the inputs of a run with another verdict."""
    return replace(inputs, variables={**inputs.variables, "WERGATE_VERDICT": status}, **changes)


def test_one_comment_is_updated(github: GitHub, inputs: Inputs) -> None:
    """Among more than a hundred of other people and of another job."""
    github.comments |= dict.fromkeys(range(1, 120), "hello")
    github.comments[120] = "<!-- wergate: other, FAIL -->\nanother job"
    assert 0 == comment(inputs)
    assert 0 == comment(verdict(inputs, "PASS"))
    ours = [text for text in github.comments.values() if text.startswith("<!-- wergate: gates, ")]
    assert ["<!-- wergate: gates, PASS -->\n## wergate: FAIL\n\nfigures\n"] == ours
    assert "<!-- wergate: other, FAIL -->\nanother job" == github.comments[120]
    assert "repos/team/asr/issues/7/comments" in github.sent[0][1]


@pytest.mark.parametrize(
    ("verdicts", "writes"),
    [(("PASS", "PASS"), 0), (("FAIL", "FAIL"), 1), (("PASS", "FAIL"), 1), (("FAIL", "PASS"), 2)],
)
def test_a_comment_follows_the_verdict(github: GitHub, inputs: Inputs, verdicts: tuple[str, ...], writes: int) -> None:
    """With `changed`, a pull request that has always passed gets none."""
    for status in verdicts:
        comment(verdict(inputs, status, comment="changed"))
    assert writes == len([method for method, _ in github.sent if method != "GET"])


def test_a_long_summary_is_cut(github: GitHub, inputs: Inputs) -> None:
    """GitHub accepts 65,536 characters; the verdict stays."""
    inputs.summary.write_text("## wergate: FAIL\n\n" + "\n\n".join(["ä" * 1000] * 100))
    comment(inputs)
    (text,) = github.comments.values()
    assert len(text.encode()) < 65_536
    assert "## wergate: FAIL" in text
    assert text.endswith("See the log or the results.\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"WERGATE_TOKEN": ""}, "the input token is empty"),
        ({"GITHUB_EVENT_PATH": "/none"}, "not of a pull request"),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "pull-requests: write"),
    ],
)
def test_no_comment_is_no_error(
    inputs: Inputs, change: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The step says why, and succeeds."""
    assert 0 == comment(replace(inputs, variables={**inputs.variables, **change}))
    shown = capsys.readouterr().out
    assert shown.startswith("::notice::wergate: no comment: ")
    assert said in shown


def test_a_fork_gets_no_comment(
    github: GitHub, inputs: Inputs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent."""
    (tmp_path / "event.json").write_text(json.dumps(FORK))
    assert 0 == comment(inputs)
    assert [] == github.sent
    assert "from a fork" in capsys.readouterr().out


def test_a_token_that_may_not_write(github: GitHub, inputs: Inputs, capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub answers 403."""
    github.refuses = True
    assert 0 == comment(inputs)
    assert "'pull-requests: write'" in capsys.readouterr().out
