"""The step that writes one comment on a pull request, and updates it in later runs.

A comment is never worth a failed job: where the token may not write, as for pull requests from forks, the step says so
and succeeds. The same text is in the step summary.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from wergate.action.inputs import Inputs
from wergate.report.exit_code import Cause, status_of
from wergate.report.summary import bounded

_CHARACTERS_MAX = 65_000  # GitHub accepts 65,536
_PAGE = 100  # comments that one request returns at most
_PATIENCE_S = 30
_MARK = re.compile(r"^<!-- wergate: (?P<job>.*?), (?P<verdict>\w+) -->")


@dataclass(frozen=True)
class _Issue:
    """The comments of a pull request at GitHub's interface.

    Attributes:
        address: of the repository.
        number: of the pull request.
        token: of the job.
    """

    address: str
    number: int
    token: str

    def comments(self) -> Iterator[dict[str, Any]]:
        """Yield all comments."""
        page = 1
        while found := self.send("GET", f"issues/{self.number}/comments?per_page={_PAGE}&page={page}"):
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def send(self, method: str, path: str, content: Mapping[str, str] | None = None) -> Any:
        """Send a request and return the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}
        data = None if content is None else json.dumps(content).encode()
        request = Request(f"{self.address}/{path}", data, headers, method=method)  # noqa: S310 - GITHUB_API_URL
        with urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
            return json.load(answer)


def comment(inputs: Inputs) -> int:
    """Write or update the comment, as the input `comment` asks.

    Returns:
        0 in any case.
    """
    reason = _hindrance(inputs)
    if reason:
        return _said(f"no comment: {reason}")
    try:
        return _said(_written(inputs, _issue(inputs)))
    except (URLError, OSError, ValueError, KeyError) as error:
        return _said(f"no comment: {error}; it needs the permission 'pull-requests: write'; see the step summary")


def _said(text: str) -> int:
    sys.stdout.write(f"::notice::wergate: {text}\n")
    return 0


def _hindrance(inputs: Inputs) -> str:
    """Return why there is nothing to write, or an empty string."""
    if inputs.comment == "never":
        return "the input comment is 'never'"
    request = _event(inputs).get("pull_request")
    if not request:
        return "this run is not of a pull request"
    source = (request.get("head") or {}).get("repo") or {}
    if source.get("full_name") != inputs.variables.get("GITHUB_REPOSITORY"):
        return "the pull request is from a fork, whose token may not write; see the step summary"
    if not inputs.variables.get("WERGATE_TOKEN"):
        return "the input token is empty"
    return "" if inputs.summary.is_file() else "the run has written no summary"


def _event(inputs: Inputs) -> dict[str, Any]:
    path = Path(inputs.variables.get("GITHUB_EVENT_PATH", ""))
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _issue(inputs: Inputs) -> _Issue:
    given = inputs.variables
    address = f"{given.get('GITHUB_API_URL', 'https://api.github.com')}/repos/{given['GITHUB_REPOSITORY']}"
    return _Issue(address, int(_event(inputs)["pull_request"]["number"]), given["WERGATE_TOKEN"])


def _written(inputs: Inputs, issue: _Issue) -> str:
    """Write the comment if it has to be written, and return a sentence about it."""
    job = inputs.variables.get("GITHUB_JOB", "")
    code = int(inputs.variables.get("WERGATE_EXIT_CODE") or Cause.UNEXPLAINED)
    verdict = inputs.variables.get("WERGATE_VERDICT") or str(status_of(code))
    earlier = next((found for found in issue.comments() if _of_job(found, job)), None)
    if inputs.comment == "changed" and verdict == _verdict_of(earlier):
        return f"no comment: the verdict is {verdict}, as before"
    mark = f"<!-- wergate: {job}, {verdict} -->\n"
    text = mark + bounded(inputs.summary.read_text(encoding="utf-8"), _CHARACTERS_MAX - len(mark))
    if earlier is None:
        issue.send("POST", f"issues/{issue.number}/comments", {"body": text})
        return "comment written"
    issue.send("PATCH", f"issues/comments/{earlier['id']}", {"body": text})
    return "comment updated"


def _of_job(found: Mapping[str, Any], job: str) -> bool:
    mark = _MARK.match(found["body"] or "")
    return mark is not None and mark["job"] == job


def _verdict_of(earlier: Mapping[str, Any] | None) -> str:
    """Return the verdict of the earlier comment; a pull request without one has passed so far."""
    mark = None if earlier is None else _MARK.match(earlier["body"] or "")
    return "PASS" if mark is None else mark["verdict"]
