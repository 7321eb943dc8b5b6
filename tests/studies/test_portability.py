"""INT8 on other instruction sets: each in a process of its own, limited before it starts, and read back."""

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
from wergate.environment import Cpu
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
    """Let this machine have another CPU."""
    monkeypatch.setattr("wergate.studies.portability.instruction_sets.cpu", lambda: Cpu("Some CPU", "", isa, flags, 2))


def test_a_process_is_limited_before_it_starts() -> None:
    """By oneDNN's own variable; the native instruction set is whatever the run was started with."""
    assert {"A": "B", LIMIT: "AVX2"} == limited({"A": "B"}, "avx2")
    assert "AVX512_CORE_VNNI" == limited({LIMIT: "AVX2"}, "avx512_vnni")[LIMIT]
    assert {LIMIT: "AVX2"} == limited({LIMIT: "AVX2"}, "native")


def test_what_the_cpu_cannot_show_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the CPU and what it has not; on other devices than the CPU only native is shown."""
    use_cpu(monkeypatch, "avx512_core", "avx", "avx2", "avx512f", "avx512bw")
    assert "this CPU (Some CPU) has no avx512_vnni" == unavailable("avx512_vnni", "CPU")
    assert ["", "", "", ""] == [unavailable(isa, "CPU") for isa in ("native", "avx512", "avx2", "avx")]
    assert "the device is GPU" in unavailable("avx2", "GPU")
    assert not unavailable("native", "GPU")


def test_saturation_is_expected_without_dot_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the native instruction set as much as of those that it stands for."""
    use_cpu(monkeypatch, "avx512_core_vnni")
    expected = {"native": False, "avx512_vnni": False, "avx512": True, "avx2_vnni": False, "avx2": True, "avx": True}
    assert expected == {isa: saturates(IsaTarget(isa, "f32")) for isa in INSTRUCTION_SETS}
    use_cpu(monkeypatch, "avx2")
    assert saturates(IsaTarget("native", "f32"))


def test_wider_registers_than_asked_for_are_seen() -> None:
    """The primitives of the runtime model tell whether the limit was heeded; not all name their registers."""
    assert "brgemm_avx512_i8" == beyond("avx2", ["jit_gemm_i8", "jit_avx2_I8", "brgemm_avx512_i8"])
    assert not beyond("avx2", ["jit_avx2_I8", "jit_sse42_I8", "undef"])
    assert not beyond("native", ["brgemm_avx512_i8", "brgemm_avx512_amx_i8"])
    assert "brgemm_avx512_amx_i8" == beyond("avx512_vnni", ["brgemm_avx512_i8", "brgemm_avx512_amx_i8"])
    assert "brgconv_avx2_f32" == beyond("avx", ["jit_avx_f32", "brgconv_avx2_f32"])


def isa_result(isa: Isa, *, wrong: int, native_wrong: int, sqnr_db: float = 30.0) -> IsaResult:
    """Return two utterances of 1,000 words: so many are wrong in each, and so many on the native instruction set."""
    said = " ".join("A" * WORDS)
    heard = " ".join(["B"] * wrong + ["A"] * (WORDS - wrong))
    logits = LogitsDifference(frames=10, values=10, signal=10 ** (sqnr_db / 10), noise=1.0)
    own = make_variant(model="model", alphabet=Alphabet(("", "A", "B"), 0, None), thresholds=SETTINGS.thresholds.int8)
    variant = replace(own, subject=IsaTarget(isa, "f32").name(own.name))
    outcomes = tuple(UtteranceOutcome(name, 1.0, said, said, heard, logits) for name in ("one", "two"))
    evaluation = Evaluation(variant, "corpus", "pytorch", "none", outcomes)
    executed, target = Executed(precision="f32", primitives=[]), IsaTarget(isa, "f32")
    native = (native_wrong, native_wrong)
    return IsaResult(target, executed, evaluation, LogitsDifference(), native, is_native=isa == "native")


def not_passed(
    found: IsaResult, *, setting: OverflowFix = "enable", tried: tuple[OverflowFixResult, ...] = ()
) -> list[Verdict]:
    """Return what does not pass under the suite's own thresholds, for a model built with that setting."""
    quantization = SETTINGS.quantization.model_copy(update={"overflow_fix": setting})
    settings = SETTINGS.model_copy(update={"quantization": quantization})
    verdicts = portability_verdicts(settings, found, min_words=300, tried=tried)
    bad = [verdict for verdict in verdicts if verdict.status is not Status.PASS]
    assert overall(verdicts) is (Status.FAIL if bad else Status.PASS)
    return bad


def test_what_is_lost_against_native_is_gated() -> None:
    """By 1 % absolute; what is lost against the reference model is, too, by what INT8 may lose anywhere."""
    assert not not_passed(isa_result("avx2", wrong=9, native_wrong=0))
    assert {"portable_wer", "portable_wer_loss"} == {
        bad.gate for bad in not_passed(isa_result("avx2", wrong=11, native_wrong=0))
    }


def test_a_model_that_is_lost_on_the_native_one_already_is_not_portable() -> None:
    """It loses nothing more elsewhere: only the reference model tells."""
    for isa in ("native", "avx2"):
        found = not_passed(isa_result(isa, wrong=40, native_wrong=40, sqnr_db=3.0))
        assert ["portable_wer", "portable_sqnr_db"] == [bad.gate for bad in found]


def test_the_line_tells_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting that keeps sums within 16 bit, what each setting came to; nothing of it where it cannot be why."""
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
    assert "within seven bits already" in not_passed(lost)[0].line
    assert "seven bits" not in not_passed(isa_result("avx512_vnni", wrong=30, native_wrong=0))[0].line


def test_the_verdict_of_a_model_is_the_worst_of_its_corpora() -> None:
    """And it says on which instruction sets it holds."""

    def row(isa: Isa, status: Status | None, corpus: str = "one") -> PortabilityRow:
        skipped = "no such CPU" if status is None else None
        named = {"model": "m", "variant": "int8", "corpus": corpus, "inference_precision": "f32"}
        return PortabilityRow(**named, isa=isa, status=status, skipped=skipped)

    fine = [row("native", Status.PASS), row("avx2", Status.PASS), row("avx512", None)]
    assert ["m int8 is portable: holds on native, avx2; not shown on avx512"] == list(portable_lines(fine))
    (line,) = portable_lines([*fine, row("avx2", Status.FAIL, "two"), row("native", Status.PASS, "two")])
    assert "m int8 is not portable: holds on native; fails on avx2; not shown on avx512" == line


@pytest.fixture
def session(warm: Warm, tmp_path: Path) -> Session:
    """The session of the warm run."""
    return Session(load_config(warm.suite, {}), embedded=tmp_path, store=Store(warm.cache))


def order(session: Session, path: Path) -> Order:
    """Order an IR of the tiny model."""
    (model,) = session.config.models
    frontend = session.models.ir(model, "fp16").file(FRONTEND_FILE)
    return Order(path=path, frontend=frontend, device="CPU", inference_precision="f32", streams=2)


def test_a_process_of_its_own_gives_the_same_logits(session: Session) -> None:
    """Bit by bit, in the order of the utterances, with the primitives that it ran."""
    (model,) = session.config.models
    utterances = [sound(seconds, seed=1) for seconds in (1.0, 0.5, 2.0)]
    expected = session.recognizers.dynamic(session.variant(model, "int8")).logits_of(utterances)
    asked = order(session, session.variant(model, "int8").path)
    environment = limited(os.environ, "native")
    with SubprocessRecognizer(
        asked, session.frontend(model), environment=environment, name="x", patience_s=60
    ) as apart:
        found = apart.logits_of(utterances)
        assert apart.spent_s > 0
        assert ("f32", True) == (
            apart.opening.precision,
            any(p.precision in {"i8", "u8"} for p in apart.opening.primitives),
        )
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("patience_s", "message"), [(60.0, "IR '.*' cannot be read"), (0.01, "no answer within 0.01 s")]
)
def test_a_process_that_fails_is_told_in_one_line(
    patience_s: float, message: str, session: Session, tmp_path: Path
) -> None:
    """With its own last line, or that it was waited for long enough."""
    (model,) = session.config.models
    (tmp_path / "model.xml").write_text("no IR")
    asked = order(session, tmp_path / "model.xml")
    with pytest.raises(SuiteError, match=rf"^INT8 on avx2 cannot be run: {message}"):
        SubprocessRecognizer(
            asked, session.frontend(model), environment={**os.environ}, name="INT8 on avx2", patience_s=patience_s
        )


def test_a_run_shows_int8_on_each_instruction_set(warm: Warm, tmp_path: Path) -> None:
    """What was executed there and what came out; what this machine cannot show is skipped, with the reason."""
    asked = ["native", "avx2", *ABSENT[:1]]
    options = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "--isa", ",".join(asked), "-rs")
    done = run(["accuracy"], "--study", "portability", *options, results=tmp_path / "results.json")
    assert done.code == 0, done.output
    assert done.results is not None
    rows = {row["isa"]: row for row in done.results["portability"]}
    assert asked == list(rows)
    for isa in ("native", "avx2"):
        assert 12 == rows[isa]["candidate"]["words"]
        assert not beyond(isa, [primitive["name"] for primitive in rows[isa]["executed"]])
    assert 1.0 == pytest.approx(sum(primitive["share"] for primitive in rows["avx2"]["executed"]))
    assert (0.0, "PASS") == (rows["native"]["loss"], rows["avx2"]["status"])
    for isa in ABSENT[:1]:
        assert "has no" in rows[isa]["skipped"]
        assert f"on {isa}: not shown: {rows[isa]['skipped']}" in done.output
    assert "holds on native, avx2" in done.output
    assert "fp16 does not run in 8 bit" in done.output


def test_a_plain_run_shows_only_the_native_one(warm: Warm) -> None:
    """Nothing is run apart."""
    assert [] == warm.cold.results["portability"]


def test_every_instruction_set_is_shown_unless_some_are_named(tiny: Tiny, tmp_path: Path) -> None:
    """The native one comes first, in the run's own inference precision."""
    suite = tiny.suite(tmp_path / "tiny.toml")
    every = targets(load_config(suite, {"inference_precision": "bf16"}))
    assert [(isa, "bf16") for isa in INSTRUCTION_SETS] == [(target.isa, target.precision) for target in every]
    named = targets(load_config(suite, {"isas": ["avx2", "native"]}))
    assert (IsaTarget("native", "f32"), IsaTarget("avx2", "f32")) == named
    precisions = targets(load_config(suite, {"isa_precisions": ["f32", "bf16"]}))
    assert (IsaTarget("native", "f32"), IsaTarget("native", "bf16")) == precisions
