"""The card of an exported model: what it was made from, how to load it, and its results.

The results stand twice: in the hub's `model-index` form, for programs, and as tables, for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wergate.evaluation.rows import WordErrorRow
from wergate.report.evaluation_rows import EvaluationRow
from wergate.report.results import Results
from wergate.verdict import Status

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCardData
from collections.abc import Sequence

from wergate.formatting import decibels, percent, signed_percent, table, word_errors
from wergate.report.evaluation_rows import TokenRow
from wergate.report.verdict_rows import VerdictRow

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

The gates ran at inference precision `{precision}`. Without the hint the runtime chooses, bf16 on a CPU that has it, and
these results are not those of that."""
_BARE_USE = """\
This model {reason}, so optimum-intel's `OVModelForCTC` cannot load it: compile `openvino_model.xml` with OpenVINO at
`INFERENCE_PRECISION_HINT: {precision}`. Sampling rate, labels and blank are in the files beside it."""
_NO_MASK = """\
Give it one utterance at a time, as the gates did, or utterances of one length: it takes no attention mask, and padding
is sound to it."""


@dataclass(frozen=True)
class Dataset:
    """What a corpus is called, the hub's names where it is from there, else its own name."""

    type: str
    name: str
    config: str | None = None
    split: str | None = None
    revision: str | None = None


def dataset(name: str, spec: str) -> Dataset:
    """Return how a card names the corpus `name` of this spec; a local path is never part of it."""
    if spec.startswith("embedded:"):
        return Dataset("wergate-embedded", name, split=spec.removeprefix("embedded:"))
    match = _HUB_CORPUS.fullmatch(spec)
    if match and not Path(spec).exists() and not spec.startswith((".", "/", "~")):
        return Dataset(match["id"], name, match["config"], match["split"], match["revision"])
    return Dataset(Path(name).stem, Path(name).stem)


@dataclass(frozen=True)
class Loading:
    """Who can load an IR, and how.

    Attributes:
        not_for_optimum: why optimum-intel cannot, or None where it can.
        takes_mask: whether utterances of different lengths can share a batch.
    """

    not_for_optimum: str | None
    takes_mask: bool


@dataclass(frozen=True)
class Origin:
    """Where an IR comes from and who can load it.

    Attributes:
        base_model, revision: the hub's id and commit of the model that it was made from, where it has them.
    """

    model: str
    variant: str
    base_model: str | None
    revision: str | None
    loading: Loading


def model_card(results: Results, origin: Origin, datasets: Mapping[str, Dataset]) -> str:
    """Return the card of one model and variant: YAML metadata, then markdown.

    Args:
        results: about this model and variant alone.
        datasets: what the corpora of the results are called.
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
        "### Made with",
        environment_table(results),
    ]
    metadata = _metadata(results, origin, datasets)
    return str(ModelCard(f"---\n{metadata}\n---\n\n" + "\n\n".join(sections) + "\n"))


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
    """Yield error rates in percent for every corpus that has reference words, as the hub's `model-index` holds them."""
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
        metric_value=round(100 * (errors.wer or 0.0), 4),
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
        f"OpenVINO IR of {source} for speech recognition with CTC, gated by wergate {results.wergate} on "
        f"{results.created[:10]} against the model that it was made from. {verdict} `results.json` holds every figure "
        "and the SHA-256 of the files that they belong to; `python -m wergate.export FOLDER` checks them."
    )


def token_metric(tokens: TokenRow) -> tuple[str, str]:
    """Return the hub's name of a token error rate, and people's."""
    return ("per", "PER (%)") if tokens.units == "phonemes" else ("token_error_rate", "token error rate (%)")


def evaluation_table(row: EvaluationRow, verdicts: Sequence[VerdictRow]) -> str:
    """Return reference model and variant on one corpus, with the verdict of the gates there."""
    beside = (
        signed_percent(row.wer_drop),
        f"{row.utterances - len(row.mismatches)}/{row.utterances}",
        decibels(row.logits.sqnr_db),
    )
    here = [verdict for verdict in verdicts if verdict.corpus in {None, row.corpus}]
    failed = sum(verdict.status is not Status.PASS for verdict in here)
    tokens = (row.tokens.reference, row.tokens.candidate) if row.tokens else ()
    rates = [[percent(errors.wer)] for errors in tokens] or [[], []]
    sides = [(*word_errors(row.reference), *rates[0]), (*word_errors(row.candidate), *rates[1])]
    rows = [
        (row.engine, *sides[0], "", "", "", ""),
        (row.label, *sides[1], *beside, f"{failed} FAIL" if failed else "PASS"),
    ]
    title = f"### {row.corpus}: {row.utterances} utterances, {row.reference.words} words, {row.audio_s:.0f} s"
    of_tokens = (token_metric(row.tokens)[1].replace("(%)", "%"),) if row.tokens else ()
    header = ("recognizer", "WER %", "S/D/I", *of_tokens, "drop", "equal transcripts", "SQNR dB", "verdict")
    return f"{title}\n\n{table(header, rows)}"


def verdict_table(verdicts: Sequence[VerdictRow]) -> str:
    """Return every gate's figure beside its threshold."""
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
    return table(("gate", "corpus", "of", "value", "should be", "verdict"), list(dict.fromkeys(rows)))


def environment_table(results: Results) -> str:
    """Return machine, device, inference precision and versions."""
    cpu = results.cpu
    rows = [
        ("CPU", f"{cpu.model}, {cpu.cores} cores"),
        ("ISA", cpu.isa),
        ("device", str(results.options.get("device"))),
        ("inference precision", str(results.options.get("inference_precision"))),
        *((package, version) for package, version in results.versions.items() if version != "absent"),
    ]
    return table(("", ""), rows)
