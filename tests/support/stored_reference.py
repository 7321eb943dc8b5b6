"""Changes to a stored reference run, so that a variant makes more word errors than the reference model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from wergate.store import MANIFEST, file_digest


def rewrite_reference(cache: Path, transcripts: Mapping[int, str]) -> None:
    """Replace transcripts of the only reference run in a store, by their place in the corpus."""
    (folder,) = (cache / "reference-run").iterdir()
    path = folder / "utterances.json"
    rows = json.loads(path.read_text())
    for number, transcript in transcripts.items():
        rows[number]["hypothesis"] = transcript
    path.write_text(json.dumps(rows))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][path.name] |= {"bytes": path.stat().st_size, "sha256": file_digest(path)}
    (folder / MANIFEST).write_text(json.dumps(manifest))
