"""The command that writes a suite file and a workflow for a user's own repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

import click

from wergate.cli.suite_folder import suite_folder
from wergate.config.loading import load_config
from wergate.errors import SuiteError

_SUITE, _WORKFLOW = Path("wergate.toml"), Path(".github/workflows/wergate.yml")
_DROP_MAX = 0.02


@click.command()
@click.option("--model", metavar="SPEC", prompt="Model (ORG/NAME, a folder, an .onnx file, or embedded)")
@click.option("--corpus", metavar="SPEC", prompt="Corpus with transcripts (ORG/NAME, a file, a folder, or embedded)")
@click.option("--calibration", metavar="SPEC", help="corpus that INT8 is calibrated on (default: a part of --corpus)")
@click.option("--wer-drop-max", default=_DROP_MAX, show_default=True, metavar="FRACTION", help="accepted loss of INT8")
@click.option("--ci", type=click.Choice(["github", "none"]), default="github", show_default=True)
@click.option("--force", is_flag=True, help="replace files that exist")
def init(model: str, corpus: str, calibration: str | None, wer_drop_max: float, ci: str, *, force: bool) -> int:
    """Write wergate.toml and a workflow to the current folder.

    Without --model and --corpus it asks for them.
    """
    if not 0 <= wer_drop_max < 1:
        raise SuiteError(f"--wer-drop-max {wer_drop_max:g} is no fraction; give a number from 0 to 1, such as 0.02")
    values = {
        "model": json.dumps(model),
        "corpus": json.dumps(corpus),
        "calibration": f"calibration = {json.dumps(calibration)}\n" if calibration else "",
        "drop": f"{wer_drop_max:g}",
        "suite": str(_SUITE),
    }
    written = [(_SUITE, _filled("suite.toml", values))]
    if ci == "github":
        written.append((_WORKFLOW, _filled("github.yml", values)))
    existing = [str(path) for path, _ in written if path.exists()]
    if existing and not force:
        raise SuiteError(f"'{existing[0]}' exists; move it away, or replace it with --force")
    for path, text in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    load_config(_SUITE, {}, base=suite_folder().path / "suite.toml")  # a value that the suite rejects must show now
    click.echo(f"next: wergate check --suite {_SUITE}")
    return 0


def _filled(template: str, values: Mapping[str, str]) -> str:
    text = (files("wergate.cli") / "templates" / template).read_text(encoding="utf-8")
    return Template(text).substitute(values)
