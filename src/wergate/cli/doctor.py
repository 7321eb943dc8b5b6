"""The command that looks at the machine, the packages and the cache, and transcribes twelve utterances."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wergate import __version__
from wergate.cli.options import ManualCommand
from wergate.cli.places import cache_folder
from wergate.cli.suite_folder import suite_folder
from wergate.config.loading import load_config
from wergate.disk.files import require_writable
from wergate.environment.extras import EXTRAS, installation
from wergate.environment.machine import cpu, size_of, variables, version
from wergate.errors import SuiteError
from wergate.session.matrix import Cell, corpus_specs
from wergate.session.session import Session
from wergate.store import Store

_UTTERANCES = 12
_GB = 1e9
_MEMORY_GB = 6  # a first run of `wergate check embedded` needs less
_DISK_GB = 2
_HOUR_S, _MINUTE_S = 3600, 60
_PACKAGES = {
    "openvino": "",
    "onnxruntime": "",
    "torch": "checkpoints need it; ONNX models and candidates do not",
    "transformers": "checkpoints need it; ONNX models and candidates do not",
    "nncf": "INT8 needs it; FP16 and candidates do not",
}
_MODEL, _CORPUS, _VARIANT = "embedded", "embedded:clean", "fp16"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        about: the subject of the line.
        found: its state.
        advice: the next step; empty if nothing is wrong.
        broken: whether the suite cannot work like this.
    """

    about: str
    found: str
    advice: str = ""
    broken: bool = False


@dataclass(frozen=True)
class Trial:
    """A transcription of a few utterances by the embedded model's FP16 IR.

    Attributes:
        audio_s: duration of the utterances.
        prepared_s: time to build what was missing, and to run PyTorch and the IR.
        inference_s: time of the IR alone, one utterance after another.
        wer: word error rate, as a fraction.
        different: number of transcripts that differ from PyTorch's.
    """

    audio_s: float
    prepared_s: float
    inference_s: float
    wer: float
    different: int


@click.command(
    cls=ManualCommand, examples=(("look at this machine, and at a cache elsewhere", "wergate doctor --cache-dir /big"),)
)
@click.option("--cache-dir", metavar="DIR", help="the cache (default: ~/.cache/wergate)")
def doctor(cache_dir: str | None) -> int:
    """Check this machine: CPU, memory, packages, cache, and a transcription of twelve utterances.

    The exit code is 0 if the suite can run here, and 1 otherwise.
    """
    folder = cache_folder(cache_dir)
    findings = [*_machine(), *_packages(), *_cache(folder)]
    if not any(finding.broken for finding in findings):
        findings += _transcription(folder)
    table = Table("", "found", "to do", title=f"wergate {__version__}", title_justify="left")
    for finding in findings:
        style = "red" if finding.broken else "yellow" if finding.advice else None
        table.add_row(*map(escape, (finding.about, finding.found, finding.advice)), style=style)
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
    for package, use in _PACKAGES.items():
        if version(package) != "absent":
            yield Finding(package, version(package))
        elif package in EXTRAS:
            yield Finding(package, "not installed", f"{use}: {installation(package)}")
        else:
            yield Finding(package, "not installed", "install wergate again", broken=True)


def _cache(folder: Path) -> Iterator[Finding]:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        require_writable(existing / "probe", what="cache")
    except SuiteError as error:
        yield Finding("cache", str(folder), str(error), broken=True)
        return
    free = shutil.disk_usage(existing).free
    full = "" if free > _DISK_GB * _GB else f"a full-size model needs {_DISK_GB} GB: wergate cache prune"
    yield Finding("cache", f"{folder}, {free / _GB:.0f} GB free", full)


def _transcription(cache: Path) -> Iterator[Finding]:
    """Yield the outcome of the transcription, and the time that follows from it for an hour of speech."""
    if "absent" in {version("torch"), version("transformers")}:
        yield Finding("transcription", "not tried: the embedded model is a checkpoint")
        return
    click.echo(f"transcribing {_UTTERANCES} utterances of {_CORPUS}; the first time, this builds an IR", err=True)
    with redirect_stderr(io.StringIO()):  # the progress bars of libraries say nothing here
        found = trial(cache)
    wrong = f"{found.different} transcripts differ from PyTorch's: wergate check embedded" if found.different else ""
    work = f"{_UTTERANCES} utterances, {found.audio_s:.0f} s of speech, ready after {found.prepared_s:.0f} s"
    yield Finding("transcription", f"{work}; WER {found.wer:.1%}", wrong, broken=bool(found.different))
    minutes = found.inference_s / found.audio_s * _HOUR_S / _MINUTE_S
    yield Finding("to expect", f"{minutes:.1f} min for an hour of speech, for each model as small as the embedded one")


def trial(cache: Path) -> Trial:
    """Transcribe a few utterances of the embedded corpus with PyTorch and with the FP16 IR."""
    folder = suite_folder().path
    settings, embedded = folder / "suite.toml", folder / "fixtures" / "embedded"
    changes = {"limit": _UTTERANCES, "precisions": [_VARIANT], "models": [_MODEL]}
    config = load_config(settings, changes, base=settings)
    session = Session(config, embedded=embedded, store=Store(cache, shared=config.shared_cache))
    spec = corpus_specs(config, _CORPUS, embedded)[0]
    started = time.perf_counter()
    evaluation = session.evaluation(Cell(_MODEL, spec, _VARIANT))
    prepared_s = time.perf_counter() - started
    recognizer = session.recognizer(_MODEL, _VARIANT)
    corpus = session.corpora.corpus(_MODEL, spec)
    waveforms = [one.waveform.samples for one in corpus.utterances(recognizer.frontend.sampling_rate)]
    started = time.perf_counter()
    recognizer.logits_of(waveforms)
    return Trial(
        audio_s=sum(one.duration_s for one in evaluation.outcomes),
        prepared_s=prepared_s,
        inference_s=time.perf_counter() - started,
        wer=evaluation.candidate.total.wer,
        different=len(evaluation.mismatches),
    )
