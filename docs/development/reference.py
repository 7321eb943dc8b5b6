"""The generated pages of docs/reference: `python docs/development/reference.py --write` writes them from the code.

Without `--write` it names the pages that differ, and exits with 1 if there are any.
"""
# ruff: noqa: INP001 - a script, and no package

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from pydantic import BaseModel  # noqa: E402 - the paths come first
from pydantic.fields import FieldInfo  # noqa: E402

from fixtures.option_page import option_page  # noqa: E402
from wergate.config.bounds import bounds_of  # noqa: E402
from wergate.config.models import CorpusSettings, ModelSettings, PerCorpus, PerModel  # noqa: E402
from wergate.config.suite import SuiteConfig  # noqa: E402
from wergate.formatting import table  # noqa: E402
from wergate.report.exit_code import MEANING, PRECEDENCE  # noqa: E402
from wergate.report.results import SCHEMA_VERSION, Results  # noqa: E402

REFERENCE = ROOT / "docs" / "reference"
MEANINGS = Path(__file__).with_name("suite_keys.toml")
_NOTE = "This page is generated: `python docs/development/reference.py --write` writes it from the code."
Fields = Mapping[str, FieldInfo]


def sections() -> dict[str, Fields]:
    """Return the keys of a suite file by their section in `suite_keys.toml`."""
    tables = {name: field for name, field in SuiteConfig.model_fields.items() if _section(field.annotation)}
    shared = PerModel.model_fields.keys() | PerCorpus.model_fields.keys() | tables.keys() | {"model", "corpus"}
    found: dict[str, Fields] = {
        "top": {key: field for key, field in SuiteConfig.model_fields.items() if key not in shared},
        "per_model": {key: field for key, field in PerModel.model_fields.items() if key not in tables},
        "model": _own(ModelSettings, PerModel),
        "per_corpus": PerCorpus.model_fields,
        "corpus": _own(CorpusSettings, PerCorpus),
    }
    for name, field in tables.items():
        if name != "thresholds":
            found[name] = dict(_flat(field.annotation))
    thresholds = _required(tables["thresholds"].annotation)
    found["thresholds"] = {key: field for key, field in thresholds.items() if not _section(field.annotation)}
    found["threshold"] = _required(thresholds["int8"].annotation)
    return found


def _own(section: type[BaseModel], base: type[BaseModel]) -> Fields:
    return {key: field for key, field in section.model_fields.items() if key not in base.model_fields}


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _required(annotation: Any) -> Fields:
    section = _section(annotation)
    if section is None:
        sys.exit(f"{annotation} is not a section of settings; fix {Path(__file__).name}")
    return section.model_fields


def _flat(annotation: Any, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield the keys of a section and of the sections in it."""
    for key, field in _required(annotation).items():
        if _section(field.annotation):
            yield from _flat(field.annotation, f"{prefix}{key}.")
        else:
            yield prefix + key, field


def meanings() -> dict[str, dict[str, str]]:
    """Return what each key means, by section."""
    return tomllib.loads(MEANINGS.read_text(encoding="utf-8"))


def kind(annotation: Any) -> str:
    """Return the type of a value in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in {Union, types.UnionType}:
        return " or ".join(kind(argument) for argument in arguments if argument is not type(None))
    if origin is typing.Annotated:
        return kind(arguments[0])
    if origin is list:
        return f"list of {kind(arguments[0])}"
    if origin is dict:
        return f"table of {kind(arguments[1])} by {kind(arguments[0])}"
    words = {str: "text", bool: "`true`, `false`", int: "whole number", float: "number"}
    return words.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _bounds(field: FieldInfo) -> str:
    """Return the numbers that a key accepts, as ", above 0, at most 300"."""
    words = bounds_of(field.annotation, field.metadata).words
    return f", {words}" if words else ""


def _default(value: Any) -> str:
    """Return a value of suite.toml as TOML has it; empty for none and for tables of a model's own."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, dict):
        return ", ".join(f"`{key}`: {_default(part)}" for key, part in value.items())
    return f"`{json.dumps(value)}`"


def _shipped(data: Mapping[str, Any], key: str) -> Any:
    for part in key.split("."):
        data = data.get(part, {})
    return None if data == {} else data


def _keys(name: str, fields: Fields, data: Mapping[str, Any]) -> str:
    meaning = meanings()[name]
    rows = [
        (f"`{key}`", kind(field.annotation) + _bounds(field), _default(_shipped(data, key)), meaning[key])
        for key, field in fields.items()
    ]
    return table(("key", "value", "default", "meaning"), rows)


def _thresholds(fields: Fields, data: Mapping[str, Any]) -> str:
    meaning = meanings()["threshold"]
    rows = [
        (
            f"`{key}`",
            *(_default(data[precision].get(key)) for precision in ("fp16", "int8")),
            bounds_of(field.annotation, field.metadata).words,
            meaning[key],
        )
        for key, field in fields.items()
    ]
    return table(("key", "FP16", "INT8", "accepted", "meaning"), rows)


_TITLES = {
    "top": (
        "Top level",
        "These keys are at the top of the file, before the first table.",
    ),
    "per_model": (
        "Top level, or a model's own table",
        """At the top, a key holds for every model.
In `[model.NAME]`, it holds for that model.
The tables `[quantization]` to `[thresholds]` below are also allowed in `[model.NAME]`,
for example as `[model.NAME.quantization]`.""",
    ),
    "model": ("`[model.NAME]`", "These keys describe one model."),
    "per_corpus": (
        "Top level, or a corpus's own table",
        """At the top, a key holds for every corpus.
In `[corpus.NAME]`, it holds for that corpus.""",
    ),
    "corpus": ("`[corpus.NAME]`", "These keys describe one corpus."),
    "thresholds": ("`[thresholds]`", "The thresholds of single precisions follow in the next table."),
    "threshold": (
        "`[thresholds.fp16]` and `[thresholds.int8]`",
        """A gate without a threshold is only reported.
`KEY = false` turns off a threshold that `suite.toml` has, if the gate can do without one.
A candidate is held to the thresholds of INT8 if its graph is quantized, else to those of FP16.
Rates, rises and shares are fractions: 0.01 is one percentage point.""",
    ),
}


def suite_keys() -> str:
    """Return the page of the keys of a suite file."""
    shipped = tomllib.loads((ROOT / "suite.toml").read_text(encoding="utf-8"))
    blocks = [
        f"# Keys of suite.toml\n\n{_NOTE}",
        """A suite file states what differs from the built-in `suite.toml`.
[Suite files](../guides/suite-files.md) explains how the two files combine.
The column *default* shows the built-in file.
An option of the command line wins over its key ([options](options.md)).""",
    ]
    for name, fields in sections().items():
        title, text = _TITLES.get(name, (f"`[{name}]`", ""))
        blocks.append(f"## {title}")
        if text:
            blocks.append(text)
        if name == "threshold":
            blocks.append(_thresholds(fields, shipped["thresholds"]))
        else:
            at_top = name in {"top", "per_model", "per_corpus"}
            data = shipped if at_top else {} if name in {"model", "corpus"} else shipped[name]
            blocks.append(_keys(name, fields, data))
    return "\n\n".join(blocks) + "\n"


def _row_class(annotation: Any) -> type[BaseModel] | None:
    """Return the class of rows that a field holds: by itself, in a list, or where there may be none."""
    for part in (annotation, *get_args(annotation)):
        if _section(part):
            return _section(part)
    return None


def row_classes(found: type[BaseModel] = Results) -> dict[str, type[BaseModel]]:
    """Return a class of rows and all that its fields hold, in the order of the results."""
    classes = {found.__name__: found}
    for field in found.model_fields.values():
        part = _row_class(field.annotation)
        if part and part.__name__ not in classes:
            classes |= row_classes(part) | classes
    return {found.__name__: found} | classes


def _row_kind(annotation: Any) -> str:
    """Return the type of a value of the results in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if (part := _section(annotation)) is not None:
        words = f"[{part.__name__}](#{part.__name__.lower()})"
    elif origin in {list, tuple}:
        words = f"list of {_row_kind(arguments[0])}"
    elif origin in {Union, types.UnionType}:
        parts = [_row_kind(argument) for argument in arguments if argument is not type(None)]
        words = " or ".join(parts) + (" or null" if type(None) in arguments else "")
    elif origin is dict and arguments[1] not in {object, Any}:
        words = f"object of {_row_kind(arguments[1])} by {_row_kind(arguments[0])}"
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        words = ", ".join(f"`{value}`" for value in annotation)
    else:
        words = "object" if origin is dict else kind(annotation)
    return words


def _wrapped(text: str, width: int = 100) -> str:
    """Return prose with a sentence a line, and no line longer than that."""
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        for sentence in re.split(r"(?<=[.;:]) (?=\S)", " ".join(paragraph.split())):
            line = ""
            for word in sentence.split(" "):
                if line and len(line) + 1 + len(word) > width:
                    lines.append(line)
                    line = word
                else:
                    line = f"{line} {word}".strip()
            lines.append(line)
        lines.append("")
    return "\n".join(lines).strip()


def result_fields() -> str:
    """Return the page of the fields of a results file."""
    blocks = [
        f"# Fields of the results file\n\n{_NOTE}",
        f"""`--results FILE.json` writes this form, schema version {SCHEMA_VERSION}.
`src/wergate/report/results.schema.json` is its JSON schema.
Rates and shares are fractions, and a value that cannot be computed is null.""",
    ]
    for name, found in row_classes().items():
        rows = [(f"`{key}`", _row_kind(field.annotation)) for key, field in found.model_fields.items()]
        blocks += [
            f"## {name}",
            _wrapped(inspect.getdoc(found) or ""),
            table(("field", "value"), rows, keep_links=True),
        ]
    return "\n\n".join(blocks) + "\n"


def exit_codes() -> str:
    """Return the page of the exit codes."""
    order = ", ".join(str(int(cause)) for cause in PRECEDENCE)
    rows = [(str(int(code)), MEANING[code]) for code in sorted(MEANING)]
    return (
        "\n\n".join(
            [
                f"# Exit codes\n\n{_NOTE}",
                table(("code", "meaning"), rows),
                f"""Codes 0 to 6 are those of pytest.
If several causes apply, the first of {order} is the exit code.
So a pipeline that tolerates 12 never hides another failure.
The codes are the same with `-n 2`, and `tox run -e gate` returns them.
`--strict` makes an undecided latency a 12, and `--allow-inconclusive` an undecided accuracy a 0.
If a summary, badge or results file cannot be written at the end, 0 becomes 13.
So it does if `--export` writes nothing because no variant ran the gates of an export.
A warning of a library is shown and changes no code; a warning of wergate's own code is a 1.
If a library fails, memory is short or the disk is full, the run aborts with 13.
One line names the step, and the results keep what was judged before.""",
                "[CI](../ci/README.md) says how a pipeline treats each code.",
            ]
        )
        + "\n"
    )


PAGES: Mapping[Path, Callable[[], str]] = {
    REFERENCE / "options.md": option_page,
    REFERENCE / "suite-keys.md": suite_keys,
    REFERENCE / "result-fields.md": result_fields,
    REFERENCE / "exit-codes.md": exit_codes,
}


def main() -> None:
    """Write the pages, or name those that differ from the code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the pages")
    write = parser.parse_args().write
    stale = []
    for path, make in PAGES.items():
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(str(path.relative_to(ROOT)))
            if write:
                path.write_text(text, encoding="utf-8")
    if stale and not write:
        sys.exit(f"differs from the code: {', '.join(stale)}; python docs/development/reference.py --write")


if __name__ == "__main__":
    main()
