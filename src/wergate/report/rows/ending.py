"""The row of the results about the end of a run: what was called, and what ended it."""

from __future__ import annotations

from pydantic import Field

from wergate.evaluation.rows import ResultRow


class EndingRow(ResultRow):
    """The end of a run.

    `command` has the arguments of the call, without secrets. `commit` is that of the folder in which it was made, or
    null. `mistakes` are errors of the set-up, `unexplained` are tests that failed without a verdict, `notes` are
    remarks on the measurements. `latency` says why no gate judged the speed that was measured; it is empty if one did.
    """

    exit_code: int
    command: list[str]
    commit: str | None = None
    mistakes: list[str] = Field(default=[])
    unexplained: list[str] = Field(default=[])
    notes: list[str] = Field(default=[])
    latency: str = ""
