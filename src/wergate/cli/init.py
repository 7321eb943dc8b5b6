"""The command that writes a suite file and a workflow for a user's own repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from wergate.cli.options import ManualCommand
from wergate.cli.suite_folder import suite_folder
from wergate.config.loading import load_config
from wergate.disk.files import replace_content, write_part
from wergate.disk.folders import make_folder
from wergate.errors import SuiteError
from wergate.models.resolve import require_model
from wergate.session.matrix import calibration_spec, cells

_SUITE, _WORKFLOW = Path("wergate.toml"), Path(".github/workflows/wergate.yml")
_TRIAL = Path(".wergate.toml")
_DROP_MAX = 0.01


@click.command(
    cls=ManualCommand,
    examples=(
        ("answer two questions", "wergate init"),
        ("answer none", "wergate init --model models/asr --corpus data/test.parquet --wer-drop-max 0.01"),
        ("write no workflow", "wergate init --model ORG/NAME --corpus ORG/NAME:CONFIG:SPLIT --ci none"),
    ),
)
@click.option(
    "--model",
    metavar="SPEC",
    prompt="Model (ORG/NAME, a folder, an .onnx file, or embedded)",
    help="model to gate: ORG/NAME on the hub, a folder, an .onnx file, or embedded",
)
@click.option(
    "--corpus",
    metavar="SPEC",
    prompt="Corpus with transcripts (ORG/NAME, a file, a folder, or embedded)",
    help="corpus that evaluates it: ORG/NAME on the hub, a file, a folder, or embedded",
)
@click.option("--calibration", metavar="SPEC", help="corpus that INT8 is calibrated on (default: a part of --corpus)")
@click.option(
    "--wer-drop-max",
    type=click.FloatRange(0, 1),
    default=_DROP_MAX,
    show_default=True,
    metavar="FRACTION",
    help="largest accepted rise of INT8's word error rate",
)
@click.option(
    "--ci", type=click.Choice(["github", "none"]), default="github", show_default=True, help="workflow to write"
)
@click.option("--force", is_flag=True, help="replace files that exist")
def init(model: str, corpus: str, calibration: str | None, wer_drop_max: float, ci: str, *, force: bool) -> int:
    """Write wergate.toml and a workflow to the current folder.

    It asks for the model and the corpus if their options are missing, and checks that both exist.
    """
    values = {
        "model": json.dumps(_relative(model)),
        "corpus": json.dumps(_relative(corpus)),
        "calibration": f"calibration = {json.dumps(_relative(calibration))}\n" if calibration else "",
        "drop": f"{wer_drop_max:g}",
        "suite": str(_SUITE),
    }
    written = {_SUITE: _filled("suite.toml", values)}
    if ci == "github":
        written[_WORKFLOW] = _filled("github.yml", values)
    existing = [path for path in written if path.exists()]
    if existing and not force:
        raise SuiteError(f"'{existing[0]}' exists; move it away, or replace it with --force")
    _require_usable(written[_SUITE])
    for path, text in written.items():
        make_folder(path.parent)
        replace_content(path, text)
        click.echo(f"wrote {path}")
    click.echo(f"next: wergate check --suite {_SUITE}")
    return 0


def _relative(spec: str) -> str:
    """Return a path below this folder relative to it, so that other machines find it; any other spec as it is."""
    path, here = Path(spec), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_absolute() and path.is_relative_to(here) else spec


def _filled(template: str, values: Mapping[str, str]) -> str:
    text = (files("wergate.cli") / "templates" / template).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _require_usable(text: str) -> None:
    """Read the text as a suite file of this folder.

    Raises:
        SuiteError: a value is not accepted, or a model or corpus does not exist.
    """
    shipped = suite_folder().path
    embedded = shipped / "fixtures" / "embedded"
    try:
        write_part(_TRIAL, text)
        config = load_config(_TRIAL, {}, base=shipped / "suite.toml")
    finally:
        _TRIAL.unlink(missing_ok=True)
    cells(config, embedded)
    for name in config.models:
        require_model(config.settings_of(name), config)
        calibration_spec(config, name, embedded)
