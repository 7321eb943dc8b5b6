"""The command that looks at the machine, the packages and the cache, and transcribes twelve utterances."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table

from wergate import __version__
from wergate.cli.places import cache_folder
from wergate.cli.suite_folder import suite_folder
from wergate.config.loading import load_config
from wergate.environment.machine import cpu, size_of, variables, version
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation
from wergate.session.matrix import Cell, corpus_specs
from wergate.session.session import Session
from wergate.store import Store, require_writable

_UTTERANCES = 12
_GB = 1e9
_MEMORY_GB = 6  # a first run of `check embedded` needs less
_DISK_GB = 2
_PACKAGES = (
    ("openvino", "runs the models: pip install openvino"),
    ("torch", "runs checkpoints: pip install torch; ONNX models and candidates need none"),
    ("transformers", "reads checkpoints: pip install transformers; ONNX models and candidates need none"),
    ("nncf", "builds INT8: pip install nncf; --precisions fp16 needs none"),
)
_MODEL, _CORPUS = "embedded", "embedded:clean"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        about: what was looked at.
        found: what it is.
        advice: what to do about it; empty if nothing is wrong.
        broken: whether the suite cannot work like this.
    """

    about: str
    found: str
    advice: str = ""
    broken: bool = False


@click.command()
@click.option("--cache-dir", metavar="DIR", help="the cache (default: ~/.cache/wergate)")
def doctor(cache_dir: str | None) -> int:
    """Check this machine: CPU, memory, packages, cache, and a transcription of twelve utterances.

    The exit code is 0 if the suite can run here, and 1 otherwise.
    """
    table = Table("", "found", "to do", title=f"wergate {__version__}", title_justify="left")
    findings = [*_machine(), *_packages(), *_cache(cache_folder(cache_dir))]
    if not any(finding.broken for finding in findings):
        findings += _transcription(cache_folder(cache_dir))
    for finding in findings:
        style = "red" if finding.broken else "yellow" if finding.advice else None
        table.add_row(finding.about, finding.found, finding.advice, style=style)
    Console().print(table)
    return int(any(finding.broken for finding in findings))


def _machine() -> Iterator[Finding]:
    machine, memory = cpu(), psutil.virtual_memory()
    yield Finding("CPU", f"{machine.model}, {size_of(machine.cores, machine.quota)}")
    slow = "" if machine.has_dot_products else "no 8-bit dot products: INT8 is hardly faster than FP16 here"
    yield Finding("instructions", machine.isa, slow)
    few = "" if memory.available > _MEMORY_GB * _GB else f"a first run needs up to {_MEMORY_GB} GB: stop other programs"
    yield Finding("memory", f"{memory.total / _GB:.0f} GB, {memory.available / _GB:.0f} GB free", few)
    set_here = ", ".join(f"{name}={value}" for name, value in variables().items())
    if set_here:
        yield Finding("environment", set_here, "changes logits or times: unset what you did not mean to set")


def _packages() -> Iterator[Finding]:
    for package, use in _PACKAGES:
        found = version(package)
        missing = found == "absent"
        yield Finding(
            package, "not installed" if missing else found, use if missing else "", missing and use == _PACKAGES[0][1]
        )


def _cache(folder: Path) -> Iterator[Finding]:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    try:
        require_writable(existing / "probe", what="cache")
    except SuiteError as error:
        yield Finding("cache", str(folder), str(error), broken=True)
        return
    full = "" if free > _DISK_GB * _GB else f"a full-size model needs {_DISK_GB} GB: `wergate cache prune`"
    yield Finding("cache", f"{folder}, {free / _GB:.0f} GB free", full)


def _transcription(cache: Path) -> Iterator[Finding]:
    """Transcribe a few utterances of the embedded corpus with the model itself and with its FP16 IR."""
    if version("torch") == "absent" or version("transformers") == "absent":
        return
    click.echo(f"transcribing {_UTTERANCES} utterances of {_CORPUS} (the first time, this builds an FP16 IR)", err=True)
    started = time.perf_counter()
    evaluation = _evaluated(cache)
    seconds, audio_s = time.perf_counter() - started, sum(one.duration_s for one in evaluation.outcomes)
    different = len(evaluation.mismatches)
    wrong = f"{different} transcripts differ from PyTorch's: see `wergate check embedded`" if different else ""
    work = f"{_UTTERANCES} utterances, {audio_s:.0f} s of speech in {seconds:.0f} s"
    wer = f"WER {evaluation.candidate.total.wer:.1%}"
    yield Finding("transcription", f"{work}; {wer}", wrong, broken=bool(different))


def _evaluated(cache: Path) -> Evaluation:
    folder = suite_folder().path
    settings, embedded = folder / "suite.toml", folder / "fixtures" / "embedded"
    config = load_config(settings, {"limit": _UTTERANCES, "precisions": ["fp16"], "models": [_MODEL]}, base=settings)
    session = Session(config, embedded=embedded, store=Store(cache))
    return session.evaluation(Cell(_MODEL, corpus_specs(config, _CORPUS, embedded)[0], "fp16"))
