"""The model card of an exported IR: origin, use, results.

The card has the results twice: in the hub's `model-index` format for programs, and as tables for readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wergate.evaluation.rows import WordErrorRow
from wergate.report.results import Results
from wergate.report.rows.evaluation import EvaluationRow
from wergate.verdict import Status

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCardData
from collections.abc import Sequence

from wergate.formatting import decibels, percent, signed_percent, table, word_errors
from wergate.report.rows.evaluation import TokenRow
from wergate.report.rows.verdicts import VerdictRow

CARD_FILE = "README.md"
TASK = "automatic-speech-recognition"
_HUB_CORPUS = re.compile(r"(?P<id>[\w.-]+/[\w.-]+)(:(?P<config>[^:@]+)(:(?P<split>[^:@]+))?)?(@(?P<revision>.+))?")
_TRANSFORMERS_USE = """\
```python
from optimum.intel import OVModelForCTC
from transformers import AutoProcessor

processor = AutoProcessor.from_pretrained(folder)
model = OVModelForCTC.from_pretrained(folder, ov_config={{"INFERENCE_PRECISION_HINT": "{precision}"}})
```

The gates ran at inference precision `{precision}`. Without the hint, the runtime uses bf16 on CPUs that support it, and
these results do not apply."""
_BARE_USE = """\
This model {reason}, so optimum-intel's `OVModelForCTC` cannot load it: compile `openvino_model.xml` with OpenVINO at
`INFERENCE_PRECISION_HINT: {precision}`. Sampling rate, labels and blank are in the other files of this folder."""
_NO_MASK = """\
Run one utterance at a time, as the gates did, or utterances of equal length: the model has no attention mask, so it
treats padding as audio."""


@dataclass(frozen=True)
class Dataset:
    """Names of a corpus on a card: those of the hub, or its own name if it is local."""

    type: str
    name: str
    config: str | None = None
    split: str | None = None
    revision: str | None = None


def dataset(name: str, spec: str) -> Dataset:
    """Return the names of a corpus on a card, without local paths.

    Args:
        name: its name in the results.
        spec: its spec in the configuration.
    """
    if spec.startswith("embedded:"):
        return Dataset("wergate-embedded", name, split=spec.removeprefix("embedded:"))
    match = _HUB_CORPUS.fullmatch(spec)
    if match and not Path(spec).exists() and not spec.startswith((".", "/", "~")):
        return Dataset(match["id"], name, match["config"], match["split"], match["revision"])
    return Dataset(Path(name).stem, Path(name).stem)


@dataclass(frozen=True)
class Loading:
    """Ways to load an IR.

    Attributes:
        not_for_optimum: reason why optimum-intel cannot load it; None if it can.
        takes_mask: whether a batch may contain utterances of different lengths.
    """

    not_for_optimum: str | None
    takes_mask: bool


@dataclass(frozen=True)
class Origin:
    """Origin of an IR, and how it can be loaded.

    Attributes:
        base_model, revision: hub id and commit of the original model; None if it is local.
    """

    model: str
    variant: str
    base_model: str | None
    revision: str | None
    loading: Loading


def model_card(results: Results, origin: Origin, datasets: Mapping[str, Dataset]) -> str:
    """Return the card of one variant of a model: YAML metadata, then Markdown.

    Args:
        results: results of this variant only.
        origin: origin of the IR.
        datasets: names of the corpora on the card, by their names in the results.
    """
    from huggingface_hub import ModelCard

    sections = [
        f"# {origin.model} {origin.variant}",
        _what_it_is(results, origin),
        "## Use",
        _use(results, origin.loading),
        "## Results",
        *(evaluation_table(row, results.verdicts) for row in results.evaluations),
        "### Gates",
        verdict_table(results.verdicts),
        "### Environment",
        environment_table(results),
    ]
    metadata = _metadata(results, origin, datasets)
    return str(ModelCard(f"---\n{metadata}\n---\n\n" + "\n\n".join(sections) + "\n"))


def missing_on_card(text: str, results: Results) -> str | None:
    """Return what a card lacks of the results' figures; None if it has their tables and no other rates."""
    from huggingface_hub import ModelCard

    tables = [evaluation_table(row, results.verdicts) for row in results.evaluations]
    if not all(each in text for each in [*tables, verdict_table(results.verdicts)]):
        return "does not have the tables"
    stated = {entry.metric_value for entry in getattr(ModelCard(text).data, "eval_results", None) or ()}
    sides = [side for row in results.evaluations for side in (row.candidate, row.tokens and row.tokens.candidate)]
    known = {_metric_value(side) for side in sides if side and side.wer is not None}
    return "has error rates in its metadata that are not those" if stated - known else None


def _metric_value(errors: WordErrorRow) -> float:
    return round(100 * (errors.wer or 0.0), 4)


def _metadata(results: Results, origin: Origin, datasets: Mapping[str, Dataset]) -> ModelCardData:
    from huggingface_hub import ModelCardData

    rates = list(eval_results(results, datasets))
    named = [datasets[row.corpus].type for row in results.evaluations]
    data = ModelCardData(
        model_name=f"{Path(origin.model).name} {origin.variant}",
        base_model=origin.base_model,
        datasets=sorted({name for name in named if "/" in name}) or None,
        eval_results=rates or None,
        library_name="openvino",
        metrics=sorted({result.metric_type for result in rates}) or None,
        pipeline_tag=TASK,
        tags=["openvino", "ctc", "wergate"],
    )
    if origin.base_model:
        data["base_model_relation"] = "quantized"
    return data


def _use(results: Results, loading: Loading) -> str:
    precision = results.options.get("inference_precision")
    reason = loading.not_for_optimum
    use = (_BARE_USE if reason else _TRANSFORMERS_USE).format(precision=precision, reason=reason)
    return use if loading.takes_mask else f"{use}\n\n{_NO_MASK}"


def eval_results(results: Results, datasets: Mapping[str, Dataset]) -> Iterator[EvalResult]:
    """Yield the `model-index` entries of the hub: error rates in percent for each corpus with reference words."""
    for row in results.evaluations:
        if row.candidate.wer is not None:
            yield _eval_result(results, row, datasets[row.corpus], ("wer", "WER (%)", row.candidate))
        if row.tokens and row.tokens.candidate.wer is not None:
            yield _eval_result(results, row, datasets[row.corpus], (*token_metric(row.tokens), row.tokens.candidate))


def _eval_result(
    results: Results, row: EvaluationRow, named: Dataset, metric: tuple[str, str, WordErrorRow]
) -> EvalResult:
    from huggingface_hub import EvalResult

    kind, name, errors = metric
    commit = next((corpus.revision for corpus in results.corpora if corpus.corpus == row.corpus), None)
    return EvalResult(
        task_type=TASK,
        task_name="Automatic Speech Recognition",
        dataset_type=named.type,
        dataset_name=named.name,
        dataset_config=named.config,
        dataset_split=named.split,
        dataset_revision=commit or named.revision,
        metric_type=kind,
        metric_name=name,
        metric_value=_metric_value(errors),
        metric_args={
            "normalizer": row.normalizer,
            "utterances": row.utterances,
            "units": errors.words,
            "inference_precision": results.options.get("inference_precision"),
        },
    )


def _what_it_is(results: Results, origin: Origin) -> str:
    failed = sorted({row.gate for row in results.verdicts if row.status is not Status.PASS})
    passed = results.verdict is Status.PASS
    verdict = (
        "It **passed** its gates." if passed else f"It **FAILED** its gates: {', '.join(failed) or 'see the run'}."
    )
    source = f"`{origin.base_model or origin.model}`{f' at revision `{origin.revision}`' if origin.revision else ''}"
    return (
        f"OpenVINO IR of {source} for CTC speech recognition, compared with the original model by wergate "
        f"{results.wergate} on {results.created[:10]}. {verdict} `results.json` contains all figures and the SHA-256 "
        "digests of the files; `python -m wergate.export FOLDER` verifies them."
    )


def token_metric(tokens: TokenRow) -> tuple[str, str]:
    """Return the names of a token error rate: that of the hub, and the one for readers."""
    return ("per", "PER (%)") if tokens.units == "phonemes" else ("token_error_rate", "token error rate (%)")


def evaluation_table(row: EvaluationRow, verdicts: Sequence[VerdictRow]) -> str:
    """Return the table of one corpus: reference model and variant, with the verdict of the gates."""
    compared = (
        signed_percent(row.wer_drop),
        row.same_text,
        decibels(row.logits.sqnr_db),
    )
    here = [verdict for verdict in verdicts if verdict.corpus in {None, row.corpus}]
    failed = sum(verdict.status is not Status.PASS for verdict in here)
    tokens = (row.tokens.reference, row.tokens.candidate) if row.tokens else ()
    rates = [[percent(errors.wer)] for errors in tokens] or [[], []]
    sides = [(*word_errors(row.reference), *rates[0]), (*word_errors(row.candidate), *rates[1])]
    rows = [
        (row.engine, *sides[0], "", "", "", ""),
        (row.label, *sides[1], *compared, f"{failed} FAIL" if failed else "PASS"),
    ]
    title = f"### {row.corpus}: {row.utterances} utterances, {row.reference.words} words, {row.audio_s:.0f} s"
    of_tokens = (token_metric(row.tokens)[1].replace("(%)", "%"),) if row.tokens else ()
    header = ("variant", "WER %", "S/D/I", *of_tokens, "drop", "same text", "SQNR dB", "verdict")
    return f"{title}\n\n{table(header, rows)}"


def verdict_table(verdicts: Sequence[VerdictRow]) -> str:
    """Return the table of all gates with value and threshold."""
    rows = [
        (
            row.gate,
            row.corpus or "-",
            row.subject,
            "not finite" if row.value is None else f"{row.value:.4g}",
            f"{row.relation} {row.threshold:.4g}",
            str(row.status),
        )
        for row in verdicts
    ]
    return table(("gate", "corpus", "variant", "value", "threshold", "verdict"), list(dict.fromkeys(rows)))


def environment_table(results: Results) -> str:
    """Return the table of CPU, device, inference precision and versions."""
    cpu = results.cpu
    rows = [
        ("CPU", f"{cpu.model}, {cpu.size}"),
        ("ISA", cpu.isa),
        ("device", str(results.options.get("device"))),
        ("inference precision", str(results.options.get("inference_precision"))),
        *((package, version) for package, version in results.versions.items() if version != "absent"),
    ]
    return table(("", ""), rows)
