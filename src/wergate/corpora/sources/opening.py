"""Parsing of corpus specs, and opening of the sources that they name."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from wergate.corpora.sources.base import Source
from wergate.corpora.sources.hub_location import MOVED
from wergate.corpora.sources.local import absolute, open_local
from wergate.corpora.spec import CorpusSpec
from wergate.corpora.spelling import other_spelling
from wergate.errors import SuiteError, did_you_mean, did_you_mean_beside
from wergate.store import Store

EMBEDDED_SPLITS = ("clean", "other", "calibration")
_EVALUATION_SPLITS = ("clean", "other")
_WITHOUT_ORG = "|".join(re.escape(name) for name in MOVED)
_HUB_SPEC = re.compile(
    rf"(?P<id>[\w.-]+/[\w.-]+|{_WITHOUT_ORG})(@(?P<revision>[\w./-]+))?(:(?P<config>[\w.-]+)(:(?P<split>[\w.+-]+))?)?"
)
_LOCAL_SUFFIXES = {".parquet", ".json", ".jsonl", ".csv", ".tsv"}


def parse_corpus_specs(spec: str, embedded: Path, names: Collection[str] = ()) -> list[CorpusSpec]:
    """Return the corpora that a spec names; plain `embedded` names both evaluation splits.

    Args:
        spec: an embedded split, a path, or an id of the hub, as given with `--corpus`.
        embedded: folder of the embedded corpus and model.
        names: corpora of the suite file, for suggestions in the error message.

    Raises:
        SuiteError: the spec is not an embedded split, an existing file or folder, or an id of the hub.
    """
    if spec == "embedded":
        return [_embedded(split, embedded) for split in _EVALUATION_SPLITS]
    if spec.startswith("embedded:"):
        return [_embedded(spec.removeprefix("embedded:"), embedded)]
    path = absolute(spec)
    if path.exists():
        return [CorpusSpec(path.resolve().name if path.is_dir() else path.stem, path)]
    match = _HUB_SPEC.fullmatch(spec)
    if match and path.suffix.lower() not in _LOCAL_SUFFIXES and not spec.startswith((".", "/")):
        return [CorpusSpec(spec, None, match["id"], match["config"], match["split"], match["revision"])]
    known = ["embedded", *(f"embedded:{split}" for split in EMBEDDED_SPLITS), *names]
    other = other_spelling(path)
    hint = f" (did you mean '{other}'?)" if other else did_you_mean(spec, known) or _sibling(path)
    raise SuiteError(
        f"corpus '{spec}' is neither a file nor a known spec{hint}; accepted: embedded, embedded:SPLIT, "
        "ORG/NAME[@REVISION][:CONFIG[:SPLIT]], an existing parquet file, manifest or folder, or the NAME of a "
        "[corpus.NAME] table in the suite file; check --corpus and --calibration"
    )


def _sibling(path: Path) -> str:
    """Return a suggestion from the path's folder; the root and the home have folders that are not corpora."""
    return "" if path.parent in {Path(path.anchor), Path.home()} else did_you_mean_beside(path)


def _embedded(split: str, embedded: Path) -> CorpusSpec:
    if split not in EMBEDDED_SPLITS:
        hint = did_you_mean(split, EMBEDDED_SPLITS)
        raise SuiteError(
            f"corpus 'embedded:{split}' has no such split{hint}; accepted: {', '.join(EMBEDDED_SPLITS)}; correct it"
        )
    return CorpusSpec(f"embedded:{split}", embedded / "corpus" / f"{split}-00000-of-00001.parquet")


def open_source(spec: CorpusSpec, store: Store | None = None) -> Source:
    """Open the source that a spec names.

    Args:
        spec: location of the corpus.
        store: where rows from the hub are stored; only a data set of the hub needs it.

    Raises:
        SuiteError: the corpus does not exist, is out of reach, or has no known format.
    """
    if spec.path is None:
        from wergate.corpora.sources.hub import open_hub

        if store is None:
            raise ValueError(f"corpus '{spec.name}' is on the hub and cannot be opened without a store; pass one")
        return open_hub(spec, store)
    try:
        return open_local(spec.path)
    except SuiteError as error:
        raise SuiteError(f"corpus '{spec.name}' cannot be opened: {error}") from error
