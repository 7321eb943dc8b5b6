"""A corpus's spec to its source."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from wergate.corpora.sources.base import Source
from wergate.corpora.sources.hub_location import MOVED
from wergate.corpora.sources.local import open_local
from wergate.corpora.spec import CorpusSpec
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
        names: of the suite file's corpora, one of which may have been meant.

    Raises:
        SuiteError: neither an embedded split, nor a file or folder, nor the form of a hub id.
    """
    if spec == "embedded":
        return [_embedded(split, embedded) for split in _EVALUATION_SPLITS]
    if spec.startswith("embedded:"):
        return [_embedded(spec.removeprefix("embedded:"), embedded)]
    path = Path(spec)
    if path.exists():
        return [CorpusSpec(path.resolve().name if path.is_dir() else path.stem, path)]
    match = _HUB_SPEC.fullmatch(spec)
    if match and path.suffix not in _LOCAL_SUFFIXES and not spec.startswith((".", "/")):
        return [CorpusSpec(spec, None, match["id"], match["config"], match["split"], match["revision"])]
    known = ["embedded", *(f"embedded:{split}" for split in EMBEDDED_SPLITS), *names]
    hint = did_you_mean(spec, known) or did_you_mean_beside(path)
    raise SuiteError(
        f"corpus '{spec}' is neither a file nor a known spec{hint}; accepted: embedded, embedded:SPLIT, "
        "ORG/NAME[@REVISION][:CONFIG[:SPLIT]], a parquet file, manifest or folder that exists, or a [corpus.NAME] of "
        "the suite file; check --corpus"
    )


def _embedded(split: str, embedded: Path) -> CorpusSpec:
    if split not in EMBEDDED_SPLITS:
        hint = did_you_mean(split, EMBEDDED_SPLITS)
        raise SuiteError(
            f"corpus 'embedded:{split}' has no such split{hint}; accepted: {', '.join(EMBEDDED_SPLITS)}; check --corpus"
        )
    return CorpusSpec(f"embedded:{split}", embedded / "corpus" / f"{split}-00000-of-00001.parquet")


def open_source(spec: CorpusSpec, store: Store | None = None) -> Source:
    """Open what a spec names.

    Args:
        store: where what is fetched of the hub is kept; only a data set of the hub needs it.

    Raises:
        SuiteError: not there, or of no form that is known.
    """
    if spec.path is None:
        from wergate.corpora.sources.hub import open_hub

        if store is None:
            raise ValueError(f"'{spec.name}' is of the hub, which needs a store")
        return open_hub(spec, store)
    try:
        return open_local(spec.path)
    except SuiteError as error:
        raise SuiteError(f"corpus '{spec.name}' cannot be opened: {error}") from error
