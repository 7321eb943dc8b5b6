"""INT8 on other instruction sets: each in a separate process that is limited before it starts and read back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.shipped import SUITE
from tests.support.suite_run import Warm, run
from tests.support.tiny import Tiny, sound
from tests.support.variants import make_variant
from wergate.config.base import Isa, OverflowFix
from wergate.config.loading import load_config
from wergate.environment.machine import Cpu
from wergate.errors import SuiteError
from wergate.evaluation.evaluation import Evaluation, UtteranceOutcome
from wergate.networks.alphabet import Alphabet
from wergate.networks.ir.conversion import FRONTEND_FILE
from wergate.networks.logits import LogitsDifference
from wergate.recognizers.subprocess.client import SubprocessRecognizer
from wergate.recognizers.subprocess.messages import Executed, Order
from wergate.session.session import Session
from wergate.store import Store
from wergate.studies.portability.gates import overall, portability_verdicts
from wergate.studies.portability.instruction_sets import (
    INSTRUCTION_SETS,
    LIMIT,
    IsaTarget,
    beyond,
    limited,
    saturates,
    unavailable,
)
from wergate.studies.portability.overflow import OverflowFixResult
from wergate.studies.portability.rows import PortabilityRow
from wergate.studies.portability.study import IsaResult, targets
from wergate.studies.portability.tables import portable_lines
from wergate.verdict import Status, Verdict

ABSENT = [isa for isa in INSTRUCTION_SETS if unavailable(isa, "CPU")]
SETTINGS = load_config(SUITE, {"models": ["model"]}).settings_of("model")
WORDS = 1000


def use_cpu(monkeypatch: pytest.MonkeyPatch, isa: str, *flags: str) -> None:
    """Pretend that this machine has another CPU."""
    monkeypatch.setattr("wergate.studies.portability.instruction_sets.cpu", lambda: Cpu("Some CPU", "", isa, flags, 2))


def test_a_process_is_limited_before_it_starts() -> None:
    """The environment has oneDNN's own variable; native leaves the run's environment unchanged."""
    assert {"A": "B", LIMIT: "AVX2"} == limited({"A": "B"}, "avx2")
    assert "AVX512_CORE_VNNI" == limited({LIMIT: "AVX2"}, "avx512_vnni")[LIMIT]
    assert {LIMIT: "AVX2"} == limited({LIMIT: "AVX2"}, "native")


def test_an_unavailable_instruction_set_has_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the CPU and its missing flags; devices other than the CPU run only native."""
    use_cpu(monkeypatch, "avx512_core", "avx", "avx2", "avx512f", "avx512bw")
    assert "this CPU (Some CPU) has no avx512_vnni" == unavailable("avx512_vnni", "CPU")
    assert ["", "", "", ""] == [unavailable(isa, "CPU") for isa in ("native", "avx512", "avx2", "avx")]
    assert "the device is GPU" in unavailable("avx2", "GPU")
    assert not unavailable("native", "GPU")


def test_saturation_is_expected_without_dot_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is expected of the native instruction set and of all others without 8-bit dot products."""
    use_cpu(monkeypatch, "avx512_core_vnni")
    expected = {"native": False, "avx512_vnni": False, "avx512": True, "avx2_vnni": False, "avx2": True, "avx": True}
    assert expected == {isa: saturates(IsaTarget(isa, "f32")) for isa in INSTRUCTION_SETS}
    use_cpu(monkeypatch, "avx2")
    assert saturates(IsaTarget("native", "f32"))


def test_registers_wider_than_the_limit_are_detected() -> None:
    """The primitives of the runtime model show whether the limit took effect; not all names have registers."""
    assert "brgemm_avx512_i8" == beyond("avx2", ["jit_gemm_i8", "jit_avx2_I8", "brgemm_avx512_i8"])
    assert not beyond("avx2", ["jit_avx2_I8", "jit_sse42_I8", "undef"])
    assert not beyond("native", ["brgemm_avx512_i8", "brgemm_avx512_amx_i8"])
    assert "brgemm_avx512_amx_i8" == beyond("avx512_vnni", ["brgemm_avx512_i8", "brgemm_avx512_amx_i8"])
    assert "brgconv_avx2_f32" == beyond("avx", ["jit_avx_f32", "brgconv_avx2_f32"])


def isa_result(isa: Isa, *, wrong: int, native_wrong: int, sqnr_db: float = 30.0) -> IsaResult:
    """Return a result on six equal utterances of 1,000 words, so that nine wrong words in each are many changes.

    Args:
        wrong: wrong words per utterance on this instruction set.
        native_wrong: wrong words per utterance on the native one.
    """
    reference = " ".join("A" * WORDS)
    hypothesis = " ".join(["B"] * wrong + ["A"] * (WORDS - wrong))
    logits = LogitsDifference(frames=10, values=10, signal=10 ** (sqnr_db / 10), noise=1.0)
    own = make_variant(model="model", alphabet=Alphabet(("", "A", "B"), 0, None), thresholds=SETTINGS.thresholds.int8)
    variant = replace(own, subject=IsaTarget(isa, "f32").name(own.name))
    outcomes = tuple(UtteranceOutcome(name, 1.0, reference, reference, hypothesis, logits) for name in "abcdef")
    evaluation = Evaluation(variant, "corpus", "pytorch", "none", outcomes)
    executed, target = Executed(precision="f32", primitives=[]), IsaTarget(isa, "f32")
    native = (native_wrong,) * len(outcomes)
    return IsaResult(target, executed, evaluation, LogitsDifference(), native, is_native=isa == "native")


def not_passed(
    found: IsaResult, *, setting: OverflowFix = "enable", tried: tuple[OverflowFixResult, ...] = ()
) -> list[Verdict]:
    """Return the verdicts that do not pass with the suite's own thresholds, for a model built with a setting."""
    quantization = SETTINGS.quantization.model_copy(update={"overflow_fix": setting})
    settings = SETTINGS.model_copy(update={"quantization": quantization})
    verdicts = portability_verdicts(settings, found, min_words=300, tried=tried)
    bad = [verdict for verdict in verdicts if verdict.status is not Status.PASS]
    assert overall(verdicts) is (Status.FAIL if bad else Status.PASS)
    return bad


def test_the_loss_is_gated() -> None:
    """A loss above 1 % absolute fails against native, and against the reference model with INT8's usual tolerance."""
    assert not not_passed(isa_result("avx2", wrong=9, native_wrong=0))
    assert {"portable_wer", "portable_wer_loss"} == {
        bad.gate for bad in not_passed(isa_result("avx2", wrong=11, native_wrong=0))
    }


def test_a_model_that_fails_on_native_is_not_portable() -> None:
    """It loses nothing more on other instruction sets, but the comparison with the reference model fails there."""
    for isa in ("native", "avx2"):
        verdicts = not_passed(isa_result(isa, wrong=40, native_wrong=40, sqnr_db=3.0))
        assert ["portable_wer", "portable_sqnr_db"] == [bad.gate for bad in verdicts]


def test_the_remedy_names_the_setting_that_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy has the setting against overflow and each setting's figures, but only if overflow is possible."""
    use_cpu(monkeypatch, "avx512_core_vnni")
    lost = isa_result("avx2", wrong=30, native_wrong=0)
    tried = (
        OverflowFixResult("disable", lost, None),
        OverflowFixResult("enable", isa_result("avx2", wrong=1, native_wrong=0), None),
    )
    (line,) = [bad.line for bad in not_passed(lost, setting="disable", tried=tried) if bad.gate == "portable_wer_loss"]
    assert line.startswith("INT8 on avx2 portable_wer_loss=0.03 (95 % interval 0.03 to 0.03), but should be <= 0.01 (")
    assert "set quantization.overflow_fix = 'enable' ['disable': WER 3.00 %" in line
    assert "'enable': WER 0.10 %" in line
    assert "the weights already use only 7 bits" in not_passed(lost)[0].line
    assert "7 bits" not in not_passed(isa_result("avx512_vnni", wrong=30, native_wrong=0))[0].line


def test_the_verdict_of_a_model_is_the_worst_of_its_corpora() -> None:
    """The line also has the instruction sets that pass, fail or were skipped."""

    def row(isa: Isa, status: Status | None, corpus: str = "one") -> PortabilityRow:
        skipped = "no such CPU" if status is None else None
        named = {"model": "m", "variant": "int8", "corpus": corpus, "inference_precision": "f32"}
        return PortabilityRow(**named, isa=isa, status=status, skipped=skipped)

    fine = [row("native", Status.PASS), row("avx2", Status.PASS), row("avx512", None)]
    assert ["m int8 is portable: passes on native, avx2; skipped on avx512"] == list(portable_lines(fine))
    (line,) = portable_lines([*fine, row("avx2", Status.FAIL, "two"), row("native", Status.PASS, "two")])
    assert "m int8 is not portable: passes on native; fails on avx2; skipped on avx512" == line


@pytest.fixture
def session(warm: Warm, tmp_path: Path) -> Session:
    """The session of the warm run."""
    return Session(load_config(warm.suite, {}), embedded=tmp_path, store=Store(warm.cache))


def order(session: Session, path: Path) -> Order:
    """Return an order to run an IR of the tiny model."""
    (model,) = session.config.models
    frontend = session.models.ir(model, "fp16").file(FRONTEND_FILE)
    return Order(path=path, frontend=frontend, device="CPU", inference_precision="f32", streams=2)


def test_a_separate_process_gives_the_same_logits(session: Session) -> None:
    """The logits are bit-identical and in the order of the utterances; the process reports its primitives."""
    (model,) = session.config.models
    utterances = [sound(seconds, seed=1) for seconds in (1.0, 0.5, 2.0)]
    expected = session.recognizers.dynamic(session.variant(model, "int8")).logits_of(utterances)
    run_int8 = order(session, session.variant(model, "int8").path)
    environment = limited(os.environ, "native")
    with SubprocessRecognizer(
        run_int8, session.frontend(model), environment=environment, name="x", patience_s=60
    ) as recognizer:
        found = recognizer.logits_of(utterances)
        assert recognizer.spent_s > 0
        assert ("f32", True) == (
            recognizer.opening.precision,
            any(primitive.precision in {"i8", "u8"} for primitive in recognizer.opening.primitives),
        )
    assert all(np.array_equal(own, other) for own, other in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("patience_s", "message"), [(60.0, "IR '.*' cannot be read"), (0.01, "no answer within 0.01 s")]
)
def test_a_process_that_fails_is_reported_in_one_line(
    patience_s: float, message: str, session: Session, tmp_path: Path
) -> None:
    """The error has the last line of the process, or the time that it was waited for."""
    (model,) = session.config.models
    (tmp_path / "model.xml").write_text("no IR")
    run_broken = order(session, tmp_path / "model.xml")
    with pytest.raises(SuiteError, match=rf"^INT8 on avx2 cannot be run: {message}"):
        SubprocessRecognizer(
            run_broken, session.frontend(model), environment={**os.environ}, name="INT8 on avx2", patience_s=patience_s
        )


def test_a_run_evaluates_int8_on_each_instruction_set(warm: Warm, tmp_path: Path) -> None:
    """Rows have the executed primitives and the results; unavailable instruction sets are skipped with a reason."""
    requested = ["native", "avx2", *ABSENT[:1]]
    options = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--isa", ",".join(requested), "-rs")
    done = run(["accuracy"], "--study", "portability", *options, results=tmp_path / "results.json")
    assert done.code == 0, done.output
    assert done.results is not None
    rows = {row["isa"]: row for row in done.results["portability"]}
    assert requested == list(rows)
    for isa in ("native", "avx2"):
        assert 12 == rows[isa]["candidate"]["words"]
        assert not beyond(isa, [primitive["name"] for primitive in rows[isa]["executed"]])
    assert 1.0 == pytest.approx(sum(primitive["share"] for primitive in rows["avx2"]["executed"]))
    assert (0.0, "PASS") == (rows["native"]["loss"], rows["avx2"]["status"])
    for isa in ABSENT[:1]:
        assert "has no" in rows[isa]["skipped"]
        assert f"on {isa}: skipped: {rows[isa]['skipped']}" in done.output
    assert "passes on native, avx2" in done.output
    assert "fp16 does not run in 8 bit" in done.output


def test_a_plain_run_has_no_portability_rows(warm: Warm) -> None:
    """Without the study, no other instruction set is evaluated."""
    assert [] == warm.cold.results["portability"]


def test_every_instruction_set_is_a_target_unless_some_are_named(tiny: Tiny, tmp_path: Path) -> None:
    """The native target comes first, in the run's own inference precision."""
    suite = tiny.suite(tmp_path / "tiny.toml")
    every = targets(load_config(suite, {"inference_precision": "bf16"}))
    assert [(isa, "bf16") for isa in INSTRUCTION_SETS] == [(target.isa, target.precision) for target in every]
    named = targets(load_config(suite, {"isas": ["avx2", "native"]}))
    assert (IsaTarget("native", "f32"), IsaTarget("avx2", "f32")) == named
    precisions = targets(load_config(suite, {"isa_precisions": ["f32", "bf16"]}))
    assert (IsaTarget("native", "f32"), IsaTarget("native", "bf16")) == precisions
