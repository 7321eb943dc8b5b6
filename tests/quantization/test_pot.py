"""POT without its environment: parameters for POT, the word errors that its driver counts, and error messages."""

from __future__ import annotations

import dataclasses
import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import jiwer
import numpy as np
import pytest

from pot_driver.transcript import Speller, WordErrorRate, word_errors
from tests.support.shipped import section
from tests.support.variants import make_variant
from wergate.config.loading import load_config
from wergate.config.quantization import PotSettings
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.networks.alphabet import Alphabet
from wergate.networks.logits import LogitsDifference
from wergate.quantization.legacy import LegacyError, find_legacy, run_step
from wergate.quantization.pot import job_settings, speller
from wergate.studies.pot.rows import PotStepsRow, SampleRow
from wergate.studies.pot.runtimes import TwoRuntimes, as_reference, runtime_verdict
from wergate.studies.pot.tables import step_lines
from wergate.verdict import Status

ROOT = Path(__file__).parents[2]
LETTERS = Alphabet(("<pad>", "<unk>", "|", *"ABC"), 0, "|", special=("<unk>",))
SUBWORDS = Alphabet(("▁the", "▁ca", "t", "s", "<blk>", "▁"), 4, None, word_start="▁", units="subwords")
PHONEMES = Alphabet(("<eps>", "ae", "t", "k"), 0, None, units="phonemes", joiner=" ")
VERSIONS = {"python": "3.11", "openvino": "2023.3.0", "openvino-dev": "2023.3.0", "numpy": "1.24.4", "scipy": "1.10.1"}


@pytest.mark.parametrize("alphabet", [LETTERS, SUBWORDS, PHONEMES], ids=lambda a: a.units)
def test_the_driver_decodes_like_the_suite(alphabet: Alphabet) -> None:
    """The same logits give the same text, with repeats, blanks, delimiters and word starts."""
    driver = Speller(**speller(alphabet, "none"))
    for seed in range(50):
        logits = np.random.default_rng(seed).normal(size=(30, len(alphabet.labels)))
        expected = " ".join(alphabet.text(logits.argmax(-1).tolist()).split())
        assert expected == driver.transcript(logits)
    assert "THE CATS" == Speller(**speller(SUBWORDS, "upper")).transcript(np.eye(6)[[0, 0, 4, 1, 2, 4, 3]])


def test_the_driver_counts_word_errors_like_jiwer() -> None:
    """The WER over utterances is total errors over total words, not a mean of rates."""
    rate, drawn = WordErrorRate(), np.random.default_rng(3)
    references, hypotheses = (
        [" ".join(drawn.choice(list("ABCD"), n)) for n in drawn.integers(1, 9, 40)] for _ in range(2)
    )
    for reference, hypothesis in zip(references, hypotheses, strict=True):
        rate.update(reference=reference, hypothesis=hypothesis)
        assert rate.last == pytest.approx(jiwer.wer(reference=reference, hypothesis=hypothesis))
    assert rate.wer == pytest.approx(jiwer.wer(reference=references, hypothesis=hypotheses))
    assert (2, 0) == word_errors(reference="", hypothesis="A B")
    rate.reset()
    assert 0.0 == rate.wer


def test_parameters_of_the_tutorial() -> None:
    """POT gets the parameters of the tutorial, with the ignored scope of its 2023.3 edition."""
    settings = load_config(ROOT / "suite.toml", {}).settings_of("tutorial")
    plain = settings.quantization.model_copy(update={"overflow_fix": "first_layer_only", "subset_size": 300})
    job = job_settings("DefaultQuantization", settings.model_copy(update={"quantization": plain}))
    maximum = {"aggregator": "mean", "type": "quantile", "outlier_prob": 0.0001}
    scope = job["params"].pop("ignored")["scope"]
    assert 16 == len(set(scope))
    assert "/data2vec_audio/encoder/layers.8/attention/MatMul_1" in scope
    assert job["params"] == {
        "target_device": "ANY",
        "model_type": "transformer",
        "preset": "performance",
        "stat_subset_size": 300,
        "saturation_fix": "first_layer",  # POT's default
        "activations": {"range_estimator": {"min": {"aggregator": "min", "type": "min"}, "max": maximum}},
    }


@pytest.fixture
def pot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the two classes of POT that are base classes in the driver."""
    stub = ModuleType("openvino.tools.pot")
    stub.Metric = type("Metric", (), {"__init__": lambda self: self.reset()})  # type: ignore[attr-defined]
    stub.DataLoader = type("DataLoader", (), {"__init__": lambda *_: None})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "openvino.tools.pot", stub)
    for name in ("loader", "metric"):
        monkeypatch.delitem(sys.modules, f"pot_driver.{name}", raising=False)


@pytest.mark.usefixtures("pot")
def test_the_loader_keeps_to_its_limit(tmp_path: Path) -> None:
    """`sample_limit` bounds the length; each utterance comes with its index, by which POT sorts."""
    from pot_driver.loader import LibriSpeechDataLoader

    utterances = [{"file": str(tmp_path / f"{n}.npy"), "text": f"T{n}"} for n in range(3)]
    for n, utterance in enumerate(utterances):
        np.save(utterance["file"], np.full((1, 5), n))
    loader = LibriSpeechDataLoader(utterances, "inputs", 2)
    assert 2 == len(loader)
    (index, text), inputs = loader[1]
    assert (1, "T1", 1.0) == (index, text, inputs["inputs"].mean())
    with pytest.raises(IndexError):
        loader[2]
    assert 3 == len(LibriSpeechDataLoader(utterances, "inputs", None))


@pytest.mark.usefixtures("pot")
def test_the_metric_has_the_interface_of_pot() -> None:
    """It has value and average as properties, a direction (a higher WER is worse) and a reset."""
    from pot_driver.metric import WERMetric

    metric = WERMetric(Speller(**speller(LETTERS, "upper")))
    right, wrong = np.eye(6)[None, [3, 0, 4]], np.eye(6)[None, [3, 2, 4]]
    metric.update([right], ["AB"])
    metric.update([wrong], ["AB"])
    assert {"WER": [2.0]} == metric.value
    assert {"WER": 1.0} == metric.avg_value
    assert {"WER": {"direction": "higher-worse", "type": "WER"}} == metric.get_attributes()
    assert not metric.higher_better
    metric.reset()
    metric.update([right], ["AB"])
    assert 0 < metric.avg_value["WER"] < 1e-6  # POT divides by it


def python(path: Path, body: str = "", **versions: str) -> str:
    """Write a script that replaces the legacy Python: it prints versions, and runs `body` instead of the driver."""
    printed = json.dumps(VERSIONS | {name.replace("_", "-"): value for name, value in versions.items()})
    path.write_text(f"#!/bin/sh\ncase \"$1\" in -I) echo '{printed}' ;; *) {body or ':'} ;; esac\n")
    path.chmod(0o755)
    return str(path)


@dataclasses.dataclass(frozen=True)
class Unfit:
    """A Python that is not the legacy environment's, and the expected message."""

    id: str
    versions: dict[str, str] | None
    message: str


@pytest.mark.parametrize(
    "case",
    [
        Unfit("absent", None, "is missing at"),
        Unfit("another Python", {"python": "3.12"}, "is Python 3.12, but OpenVINO 2023.3 needs 3.11"),
        Unfit("no POT", {"openvino_dev": "2024.6.0"}, "has no POT: its openvino-dev is 2024.6.0"),
        Unfit("no openvino-dev", {"openvino_dev": "absent"}, "has no POT: its openvino-dev is absent"),
    ],
    ids=lambda case: case.id,
)
def test_no_legacy_environment(case: Unfit, tmp_path: Path) -> None:
    """The message is one line with the command that sets up the environment."""
    path = tmp_path / "python"
    if case.versions is not None:
        python(path, **case.versions)
    with pytest.raises(SuiteError) as error:
        find_legacy(str(path))
    assert case.message in str(error.value)
    assert "tox run -e pot" in str(error.value)


def test_a_step_that_fails_keeps_its_log(tmp_path: Path) -> None:
    """After a killed or a failed step the log remains and the message has its path; the temporary folder is removed."""
    failing = r"""printf %s '{"error": "half done\nno Gelu"}' > report.json"""
    for name, body, reason in (
        ("killed", "kill -9 $$", "its process ended with code -9"),
        ("failed", failing, "no Gelu"),
    ):
        legacy, log = (
            find_legacy(
                python(
                    tmp_path / name, f'echo half way $PYTHONUNBUFFERED; cat "$HOME/intel/openvino_telemetry"; {body}'
                )
            ),
            tmp_path / "logs" / name,
        )
        (tmp_path / f"{name}-work").mkdir()
        with pytest.raises(LegacyError, match=reason) as error:
            run_step(legacy, "quantize", lambda _: {}, folder=tmp_path / f"{name}-work", log=log)
        assert "half way 1\n0" in log.read_text()  # no line waits in a buffer, and telemetry is declined
        assert f"the log is kept in '{log}'" in str(error.value)
        assert not list((tmp_path / f"{name}-work").iterdir())


def test_accuracy_aware_quantization_supports_two_normalizers() -> None:
    """Another normalizer is rejected before anything is built."""
    settings = load_config(ROOT / "suite.toml", {"normalizer": "english"}).settings_of("embedded")
    with pytest.raises(SuiteError, match="normalizer 'english'; none, upper are accepted"):
        job_settings("AccuracyAwareQuantization", settings)


def evaluation(*transcripts: str) -> Evaluation:
    """Return an evaluation with these transcripts; each transcript of the reference model is "A B"."""
    outcomes = (
        UtteranceOutcome(f"u{n}", 2.0, "A B", "A B", text, LogitsDifference()) for n, text in enumerate(transcripts)
    )
    return Evaluation(make_variant(alphabet=LETTERS), "corpus", "pytorch", "upper", tuple(outcomes))


def test_two_runtimes_are_compared() -> None:
    """Equal transcripts count as equal even if they are wrong; a different one is shown in both versions."""
    found = TwoRuntimes(evaluation("A B", "A", "C B", "A B"), evaluation("A B", "A", "A B", "A B"), "2023.3.0")
    assert ("u2",) == found.differing
    (shown,) = found.lines()
    assert shown.startswith("u2\n")
    assert {"NOW:", "OLD:"} <= set(shown.split())
    limits = [section(PotSettings, int8_runtime_mismatch_rate_max=most) for most in (0.25, 0.2)]
    verdicts = [runtime_verdict(found, limit) for limit in limits]
    assert [Status.PASS, Status.FAIL] == [verdict.status for verdict in verdicts]
    assert "INT8 runtime_mismatch_rate=0.25, but should be <= 0.2 (OpenVINO 2023.3.0 against" in verdicts[1].line
    as_fp16 = replace(found.today, variant=make_variant("fp16", alphabet=LETTERS))
    exact = runtime_verdict(replace(found, today=as_fp16), section(PotSettings))
    assert (Status.FAIL, 0.0) == (exact.status, exact.threshold)


def test_a_successor_is_compared_with_its_predecessor() -> None:
    """NNCF's errors are compared with POT's on the same utterances, not with those of the reference model."""
    compared = as_reference(evaluation("A B", "A", "C B"), evaluation("A", "A", "A B"), "pot's")
    assert ("pot's", 2, 2) == (compared.engine, compared.reference.total.errors, compared.candidate.total.errors)
    assert ["u0", "u2"] == [outcome.id for outcome in compared.mismatches]


def test_lines_of_the_tutorial() -> None:
    """The lines have paths, preset, algorithm, seconds, a sample per recognizer, WERs, throughput, reverted layers."""
    row = PotStepsRow(
        model="mine",
        corpus="corpus",
        irs={"fp16": "/store/fp16.xml", "int8": "/store/int8.xml"},
        algorithm="AccuracyAwareQuantization",
        preset="performance",
        seconds=114.44,
        calibration_utterances=120,
        tuning_wers=[0.05, 0.07, 0.055],
        reverted=["/a/MatMul", "/b/Add_1"],
        sample=SampleRow(id="u0", text="A B", heard={"pytorch": "A B", "fp16": "A B", "int8": "A C"}),
        wers={"pytorch": 0.0383, "fp16": 0.0383, "int8": 0.04},
        fps={"fp16": 47.7, "int8": 72.3},
    )
    printed = "\n".join(step_lines([row]))
    for line in (
        "mine, IR int8: /store/int8.xml",
        "quantized with the performance preset and AccuracyAwareQuantization, calibrated on 120 utterances: 114.44 s",
        "mine, [Reference] u0: A B",
        "mine, [int8] u0: A C",
        "mine on corpus, [int8] word error rate: 0.0400",
        "mine, benchmark_app [int8]: 72.30 FPS",
        "WER 0.0500 for FP16, 0.0700 for full INT8, 0.0550 for the result; 2 operations reverted",
    ):
        assert line in printed
    scope = printed.partition("in suite.toml: ")[2].splitlines()[0].replace("] names", "]\nnames")
    assert row.reverted == tomllib.loads(scope)["model"]["mine"]["pot"]["ignored_scope"]["names"]
