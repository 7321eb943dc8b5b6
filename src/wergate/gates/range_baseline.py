"""Stored activation ranges: those of the last accepted INT8 IR, which the same audio, versions and settings repeat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydantic
from pydantic import BaseModel, ConfigDict

from wergate.disk.files import change_file
from wergate.errors import SuiteError
from wergate.models.variant import Variant
from wergate.verdict import Verdict

RANGE_BASELINE = "ranges.json"
Ends = tuple[float, float]
_ROUNDING = 1e-3  # rebuilds on one kind of machine are equal; on another one, they differ by less than 1e-6
_SHORT = 8  # digits of a digest in messages


class StoredRanges(BaseModel):
    """The activation ranges of an IR, and what they follow from.

    Attributes:
        model: digest of the reference model.
        calibration: fingerprint of the calibration utterances.
        settings: digest of the quantizer's name and settings.
        versions: versions of the packages that affect the ranges.
        ranges: low and high end by the name of the quantizer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    calibration: str
    settings: str
    versions: dict[str, str]
    ranges: dict[str, Ends]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    entries: dict[str, StoredRanges]


def read_ranges(path: Path, key: str) -> StoredRanges | None:
    """Return the ranges stored under a key, None if there are none.

    Raises:
        SuiteError: `write_ranges` did not write the file.
    """
    return _read(path).get(key)


def write_ranges(path: Path, key: str, ranges: StoredRanges) -> None:
    """Store ranges in place of the previous ones.

    Raises:
        SuiteError: the file cannot be read or written.
    """

    def with_ranges() -> str:
        content = _File(entries=_read(path) | {key: ranges}).model_dump(mode="json")
        return json.dumps(content, indent=1, sort_keys=True) + "\n"

    change_file(path, with_ranges, what="baselines")


def _read(path: Path) -> dict[str, StoredRanges]:
    if not path.exists():
        return {}
    try:
        return dict(_File.model_validate_json(path.read_text(encoding="utf-8")).entries)
    except (ValueError, OSError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, pydantic.ValidationError) else error
        raise SuiteError(
            f"baseline '{path}' cannot be read ({first}); a file that --update-baselines wrote is expected; "
            "restore it from the repository or write a new one with --update-baselines"
        ) from error


def differing_origin(before: StoredRanges, now: StoredRanges) -> Iterator[str]:
    """Yield each difference in weights, audio, settings or versions that rules out a comparison."""
    for name in ("model", "calibration", "settings"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield f"{name} {old[:_SHORT]}, now {new[:_SHORT]}"
    for name in sorted({*before.versions, *now.versions}):
        versions = before.versions.get(name, "unknown"), now.versions.get(name, "unknown")
        if versions[0] != versions[1]:
            yield f"{name} {versions[0]}, now {versions[1]}"


def stored_ranges_verdict(now: Mapping[str, Ends], stored: Mapping[str, Ends], variant: Variant) -> Verdict:
    """Gate the number of activation ranges that differ from the stored ones by more than rounding."""
    changed = sorted(name for name in {*now, *stored} if not _same(now.get(name), stored.get(name)))
    first = ""
    if changed:
        ends = (_shown(stored.get(changed[0])), _shown(now.get(changed[0])))
        first = f"; first: {changed[0]}, {ends[0]} then, {ends[1]} now"
    return Verdict(
        gate="activation_ranges_differ",
        subject=variant.subject,
        value=len(changed),
        relation="==",
        threshold=0,
        basis=f"stored baseline of {len(stored)} ranges{first}",
        scope=variant.model,
        remedy="the same audio, versions and settings gave other ranges: quantize again; if the change is intended, "
        "run with --update-baselines",
    )


def _same(now: Ends | None, then: Ends | None) -> bool:
    if now is None or then is None:
        return False
    limit = _ROUNDING * max(map(abs, then))
    return all(abs(new - old) <= limit for new, old in zip(now, then, strict=True))


def _shown(ends: Ends | None) -> str:
    return "none" if ends is None else f"{ends[0]:.4g} to {ends[1]:.4g}"
