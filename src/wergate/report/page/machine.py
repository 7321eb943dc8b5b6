"""The section on machine, versions, settings, corpora and calibration."""

from __future__ import annotations

import json
from collections.abc import Iterator

from wergate.report.results import Results
from wergate.report.tables import Figures

_PART = 12  # characters of a digest


def machine_tables(run: Results) -> Iterator[Figures]:
    """Yield tables of what the results depend on."""
    cpu = [("CPU", run.cpu.model), ("instruction set", run.cpu.isa), ("cores", run.cpu.size)]
    yield Figures("Machine", ("what", "value"), (*cpu, *run.environment.items()))
    found = {"wergate": run.wergate, **run.versions}
    yield Figures("Versions", ("package", "version"), tuple(found.items()))
    if run.models:
        yield Figures(
            "Models",
            ("model", "runtime of the reference", "digest", "quantizer", "notes"),
            tuple(
                (row.model, row.engine, row.digest[:_PART], row.quantizer, "; ".join(row.notes)) for row in run.models
            ),
        )
    if run.corpora:
        yield Figures(
            "Corpora",
            ("model", "corpus", "evaluated", "available", "skipped", "fingerprint", "notes"),
            tuple(
                (
                    row.model,
                    row.corpus,
                    str(row.utterances),
                    str(row.available),
                    str(len(row.skipped)),
                    row.fingerprint[:_PART],
                    "; ".join(row.notes),
                )
                for row in run.corpora
            ),
        )
    yield from _calibration(run)


def _calibration(run: Results) -> Iterator[Figures]:
    if run.calibrations:
        yield Figures(
            "Calibration",
            ("model", "corpus", "utterances", "audio, s"),
            tuple((row.model, row.corpus, str(len(row.utterances)), f"{row.audio_s:.0f}") for row in run.calibrations),
        )
    skipped = [(row.corpus, one.id, one.reason) for row in run.corpora for one in row.skipped]
    if skipped:
        yield Figures("Skipped utterances", ("corpus", "utterance", "reason"), tuple(skipped))


def settings(run: Results) -> str:
    """Return the settings of the run as JSON; empty if it had none."""
    return json.dumps(run.options, indent=1, ensure_ascii=False, sort_keys=True) if run.options else ""
