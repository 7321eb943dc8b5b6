"""Reading and verifying a folder that `--export` wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic

from wergate.errors import SuiteError, did_you_mean_beside
from wergate.report.export.card import CARD_FILE, missing_on_card
from wergate.report.redact import is_local_path, local_paths, without_local_paths
from wergate.report.results import Results, alteration
from wergate.store import file_digest
from wergate.verdict import Status

_NOT_OF_ONE_MODEL = {"benchmarks", "cache_dir"}


def published_name(model: str) -> str:
    """Return the public name of a model: its name, or the last component of its path."""
    return Path(model).name if is_local_path(model) else model


def published(run: Results, *, model: str, variant: str, tests: Collection[str], passed: bool) -> Results:
    """Return the results of one variant of one model, without local paths.

    Args:
        tests: pytest ids of the tests of this variant and of the model as a whole.
        passed: whether the variant passed its gates.
    """
    evaluations = [row for row in run.evaluations if (row.model, row.variant) == (model, variant)]
    other_ir = {f"{row.variant}-ir" for row in run.evaluations if row.variant != variant}
    restricted = run.model_copy(
        update={
            "verdict": Status.PASS if passed else Status.FAIL,
            "options": _options(run.options, model, {row.corpus for row in evaluations}),
            "artifacts": [row for row in run.artifacts if row.model == model and row.kind not in other_ir],
            "sources": [row.model_copy(update={"path": Path(row.path).name}) for row in run.sources],
            "models": [row for row in run.models if row.model == model],
            "corpora": [row for row in run.corpora if row.model == model],
            "calibrations": [row for row in run.calibrations if row.model == model],
            "evaluations": evaluations,
            "verdicts": [row for row in run.verdicts if row.test in tests],
            "benchmarks": [row for row in run.benchmarks if row.test in tests],
            "ratios": [row for row in run.ratios if row.model == model and variant in {row.fast, row.slow}],
        }
    )
    return without_local_paths(restricted, also=local_paths(dict(run.options)))


def _options(options: Mapping[str, Any], model: str, corpora: set[str]) -> dict[str, Any]:
    kept = {key: value for key, value in options.items() if key not in _NOT_OF_ONE_MODEL}
    own = kept.get("model", {}).get(model)
    named = {name: table for name, table in kept.get("corpus", {}).items() if name in corpora}
    return kept | {"models": [model], "corpora": sorted(corpora), "model": {model: own} if own else {}, "corpus": named}


RESULTS_FILE = "results.json"
IR_FILES = ("openvino_model.xml", "openvino_model.bin")  # the names that optimum-intel looks for


class ExportResults(Results):
    """Results of one variant of a model, with digests of the exported files.

    `ir` and `files` are SHA-256 digests by file name: of the IR, and of all other files except the card and this file.
    """

    model: str
    variant: str
    ir: dict[str, str]
    files: dict[str, str]


def verify_export(folder: Path) -> ExportResults:
    """Return the results of an exported folder once its verdicts, its card and the digests of its files are verified.

    Raises:
        SuiteError: the results are missing, invalid or changed, the card states other figures, or a file is missing or
            has another digest.
    """
    path = folder / RESULTS_FILE
    try:
        data = path.read_bytes()
        results = ExportResults.model_validate_json(data)
    except OSError as error:
        hint = "" if folder.exists() else did_you_mean_beside(folder)
        said = f"'{path}' cannot be read: {error.strerror}{hint}"
        raise SuiteError(f"{said}; name a folder that --export wrote") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise SuiteError(
            f"'{path}' is not a results file of --export: {where}: {first['msg']}; export again"
        ) from error
    if set(results.ir) != set(IR_FILES):
        raise SuiteError(f"'{path}' binds {sorted(results.ir)}, not {sorted(IR_FILES)}; export again")
    altered = alteration(data, results)
    if altered:
        raise SuiteError(f"'{path}' {altered}; export again")
    _require_card(folder / CARD_FILE, results)
    for name, digest in (results.ir | results.files).items():
        _require_digest(folder / name, digest)
    return results


def _require_card(path: Path, results: Results) -> None:
    """Refuse a card without the figures of the results; people may add to it, or leave it out."""
    if not path.is_file():
        return
    missing = missing_on_card(path.read_text(encoding="utf-8"), results)
    if missing:
        raise SuiteError(f"'{path}' {missing} of {RESULTS_FILE}; restore the figures, or export again")


def _require_digest(path: Path, digest: str) -> None:
    if not path.is_file():
        raise SuiteError(f"'{path}' is missing, but {RESULTS_FILE} names it; export again")
    found = file_digest(path)
    if found != digest:
        raise SuiteError(
            f"'{path}' has SHA-256 {found[:12]}..., but {RESULTS_FILE} was written for {digest[:12]}...; "
            "its figures are not this file's: export again"
        )


def require_free(target: Path, model: str, variant: str) -> None:
    """Reject a folder that holds anything but an earlier export of this model and variant.

    Raises:
        SuiteError: the name is taken.
    """
    if not target.exists() and not target.is_symlink():
        return
    reason = _foreign(target, model, variant)
    if reason:
        raise SuiteError(
            f"export folder '{target}' {reason}; only an earlier export of {model} {variant} is replaced; "
            "move it away or name another directory with --export DIR"
        )


def _foreign(target: Path, model: str, variant: str) -> str | None:
    """Return the reason why an existing folder must not be replaced; None if it may be."""
    try:
        found = ExportResults.model_validate_json((target / RESULTS_FILE).read_bytes())
    except (OSError, ValueError):  # pydantic's own error is a ValueError
        return "is not an export of this suite"
    if target.is_symlink() or (found.model, found.variant) != (model, variant):
        return f"is the export of {found.model} {found.variant}" if not target.is_symlink() else "is a symbolic link"
    strangers = _strangers(target, {RESULTS_FILE, CARD_FILE, *found.ir, *found.files})
    return f"holds '{strangers[0]}', which no export wrote" if strangers else None


def _strangers(folder: Path, written: set[str]) -> Sequence[str]:
    return sorted(name for path in folder.rglob("*") if (name := str(path.relative_to(folder))) not in written)
