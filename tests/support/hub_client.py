"""Calls to the hub through wergate, in separate processes.

The hub's clients read HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE when they are imported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.forked import fork
from tests.support.hub_server import Hub

ROOT = Path(__file__).parents[2]
_CLIENTS = ("huggingface_hub", "datasets")
_SNAPSHOT = """
import json, sys
from wergate import hub
from wergate.errors import SuiteError
arguments = json.loads(sys.argv[1])
try:
    snapshot = hub.snapshot(**arguments)
    print("reply: " + json.dumps({"folder": str(snapshot.folder), "commit": snapshot.commit}))
except SuiteError as error:
    print("reply: " + json.dumps({"error": str(error)}))
"""
_CORPUS = """
import json, sys
from pathlib import Path
from dataclasses import replace
from wergate.corpora.corpus import open_corpus, parse_corpus_specs
from wergate.errors import SuiteError
from wergate.store import Store
arguments = json.loads(sys.argv[1])
try:
    (spec,) = parse_corpus_specs(arguments["spec"], Path())
    corpus = open_corpus(spec, arguments["limit"], store=Store(Path(arguments["store"])))
    read = {u.id: [u.text, u.speaker, len(u.waveform.samples)] for u in corpus.utterances(16_000)}
    facts = {"read": read, "commit": corpus.revision, "notes": corpus.notes, "whole": len(corpus.whole)}
    print("reply: " + json.dumps(facts | {"datasets": "datasets" in sys.modules}))
except SuiteError as error:
    print("reply: " + json.dumps({"error": str(error)}))
"""


@dataclass(frozen=True)
class Reply:
    """The reply of a process.

    Attributes:
        answer: the result of the call, or its error.
        output: everything that the process printed.
    """

    answer: Mapping[str, Any]
    output: str

    @property
    def folder(self) -> Path:
        """Folder of the snapshot."""
        assert "folder" in self.answer, self.output
        return Path(self.answer["folder"])

    @property
    def commit(self) -> str:
        """Commit of the snapshot or corpus."""
        assert "commit" in self.answer, self.output
        commit: str = self.answer["commit"]
        return commit

    @property
    def error(self) -> str:
        """Message of the `SuiteError`."""
        assert "error" in self.answer, self.output
        error: str = self.answer["error"]
        return error


@dataclass(frozen=True)
class Client:
    """A user's machine.

    Attributes:
        hub: the server.
        home: folder of the hub's cache and of the store.
        variables: environment variables of all processes.
    """

    hub: Hub
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the environment variables of a process, without any HF_ variable of the current one.

        All requests to other hosts go to the server's proxy, which refuses and records them.
        """
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "PYTEST_"))}
        inherited = {key: value for key, value in inherited.items() if not key.lower().endswith("_proxy")}
        own = {"HF_ENDPOINT": self.hub.url, "HF_HOME": str(self.home), "PYTHONPATH": str(ROOT / "src")}
        away = {"HTTP_PROXY": self.hub.proxy_url, "HTTPS_PROXY": self.hub.proxy_url, "NO_PROXY": "127.0.0.1"}
        away["HF_UPDATE_DOWNLOAD_COUNTS"] = "0"  # otherwise `datasets` reports each download to another host
        return inherited | own | away | {"OMP_NUM_THREADS": "1"} | {**self.variables} | variables

    def run(self, script: str, arguments: Mapping[str, Any], **variables: str) -> Reply:
        """Run a script that prints its reply in a line that starts with "reply: "."""
        with TemporaryDirectory() as folder:
            printed = Path(folder) / "output"
            fork(_execute, script, json.dumps(arguments), output=printed, variables=self.environment(**variables))
            output = printed.read_text()
        answers = [line.removeprefix("reply: ") for line in output.splitlines() if line.startswith("reply: ")]
        assert 1 == len(answers), output
        return Reply(json.loads(answers[0]), output)

    def snapshot(
        self, hub_id: str, revision: str | None = None, *, environ: Mapping[str, str] | None = None, **options: Any
    ) -> Reply:
        """Call `wergate.hub.snapshot`."""
        return self.run(_SNAPSHOT, {"hub_id": hub_id, "revision": revision, **options}, **(environ or {}))

    def corpus(self, spec: str, limit: int | None = None, **environ: str) -> Reply:
        """Open a corpus and decode all its utterances."""
        return self.run(_CORPUS, {"spec": spec, "limit": limit, "store": str(self.home / "store")}, **environ)


def _execute(script: str, arguments: str) -> None:
    """Run a script like `python -c`."""
    # The clients may be imported already, and read the environment variables only at import.
    for name in [name for name in sys.modules if name.partition(".")[0] in _CLIENTS]:
        del sys.modules[name]
    sys.argv = ["-c", arguments]
    exec(script, {"__name__": "__main__"})  # noqa: S102 - one of the scripts above
