"""Buckets: the choice of the cheapest lengths, and recognizers whose logits padding does not change."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.mutations.fault import resign
from tests.support.shipped import section
from tests.support.tiny import RATE, save_model, sound
from tests.support.wrong_streams import corrupt
from wergate.config.quantization import BucketSettings
from wergate.errors import OtherLogitsWarning, SuiteError
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend
from wergate.networks.frontend import Frontend
from wergate.networks.ir.conversion import export
from wergate.recognizers.bucketed import BucketedRecognizer, Compilable
from wergate.recognizers.buckets import Buckets, CompiledMemory, choices, compiled_memory, corpus_buckets
from wergate.recognizers.compilations import Compilation
from wergate.recognizers.compiled_store import compilable, static_options
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.store import MANIFEST, Store

LENGTHS = (RATE // 2, RATE, 3 * RATE)


def cost(buckets: Buckets, samples: list[int], compiling: int) -> int:
    """Return the padded samples plus the cost of compiling."""
    return sum(buckets.of(length) or 10**9 for length in samples) + compiling * len(buckets.lengths)


@given(samples=st.lists(st.integers(1, 40), min_size=1, max_size=12), compiling=st.integers(0, 60))
def test_no_other_choice_is_cheaper(samples: list[int], compiling: int) -> None:
    """No other set of at most three lengths that covers all utterances costs less."""
    chosen = next(choices(samples, compiling=compiling, most=3, longest=40))
    lengths = sorted(set(samples))
    others = (Buckets((*shorter, lengths[-1])) for count in range(3) for shorter in combinations(lengths[:-1], count))
    assert cost(chosen, samples, compiling) == min(cost(other, samples, compiling) for other in others)
    assert (sum(samples), sum(chosen.of(length) or 0 for length in samples)) == (chosen.work, chosen.padded_work)


def test_an_utterance_that_is_too_long_has_no_bucket() -> None:
    """An utterance longer than `longest` has no bucket, and no utterance has one if no buckets are allowed."""
    chosen = next(choices([5, 9, 100], compiling=1, most=4, longest=10))
    assert ((5, 9), 5, 9, None) == (chosen.lengths, chosen.of(3), chosen.of(6), chosen.of(100))
    assert [] == list(choices([5], compiling=1, most=0, longest=10))


@given(samples=st.lists(st.integers(1, 40), min_size=1, max_size=10), compiling=st.integers(0, 60))
def test_each_smaller_number_is_the_best_of_its_number(samples: list[int], compiling: int) -> None:
    """One run gives the best choice of every number of buckets, down to one; none with more buckets is cheaper."""
    found = list(choices(samples, compiling=compiling, most=40, longest=40))
    lengths = sorted(set(samples))
    best = [
        min(cost(Buckets((*shorter, lengths[-1])), samples, compiling) for shorter in combinations(lengths[:-1], count))
        for count in range(len(lengths))
    ]
    assert [*range(len(found), 0, -1)] == [len(each.lengths) for each in found]
    assert best[: len(found)][::-1] == [cost(each, samples, compiling) for each in found]
    assert min(best) == best[len(found) - 1]


def test_the_number_follows_the_corpus() -> None:
    """More utterances of the same durations pay for more compilations, and are padded less."""
    durations = [160 * step for step in range(1, 101)]
    short, long = (next(choices(durations * count, compiling=16_000, most=100, longest=10**6)) for count in (1, 50))
    assert len(short.lengths) < len(long.lengths)
    assert long.padding < short.padding


def test_memory_limits_the_number_of_buckets(exported: tuple[Path, Frontend]) -> None:
    """All compiled models together fit into the memory; there is no bucket if not even one fits."""
    _, frontend = exported
    durations_s = [float(seconds) for seconds in range(1, 31)]
    memory = CompiledMemory(each=10**8, per_sample=1000.0)

    def chosen(memory_gb: float) -> Buckets:
        settings = section(BucketSettings, memory_gb=memory_gb, compiling_s=0.1, most=12)
        return corpus_buckets(durations_s, frontend, settings, memory)

    counts = [len(chosen(memory_gb).lengths) for memory_gb in (0.5, 0.6, 2.0, 3.0, 9.0)]
    assert counts[0] == 0 < counts[1] < counts[2] < counts[3] < counts[4] == 12
    for memory_gb in (0.6, 2.0, 3.0, 9.0):
        assert memory.of(chosen(memory_gb).lengths) <= memory_gb * 1e9


def test_memory_depends_on_weights_and_the_widest_layer(exported: tuple[Path, Frontend]) -> None:
    """The norm after the first convolution reads and writes its channels, in single precision, on each stream.

    A model also has kernels, even if it has few weights.
    """
    path, _ = exported
    config = json.loads((path.parent / "model" / "config.json").read_text())
    found = compiled_memory(path, streams=1)
    assert 2 * path.with_suffix(".bin").stat().st_size < found.each < 60 * 2**20
    widest = 2 * 4 * config["conv_dim"][0] / config["conv_stride"][0]
    assert found.per_sample == pytest.approx(widest, rel=0.01)
    assert compiled_memory(path, streams=2).per_sample == 2 * found.per_sample


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Frontend]:
    """Return the IR and the frontend of a tiny model."""
    folder = tmp_path_factory.mktemp("buckets")
    save_model(folder / "model")
    checkpoint = resolve_checkpoint(str(folder / "model"), folder)
    model = load_model(checkpoint)
    export(model, folder / "model.xml")
    return folder / "model.xml", load_frontend(checkpoint, model)


def dynamic(exported: tuple[Path, Frontend]) -> OpenVinoRecognizer:
    """Return a recognizer of the IR with dynamic shapes."""
    path, frontend = exported
    return OpenVinoRecognizer(path, frontend, device="CPU", inference_precision="f32", streams=2)


def bucketed(exported: tuple[Path, Frontend], store: Store) -> BucketedRecognizer:
    """Return a recognizer of the IR in three buckets."""
    _, frontend = exported
    lengths = tuple(frontend.whole_frames(length) for length in LENGTHS)
    return BucketedRecognizer(stored(exported, store), Buckets(lengths), streams=2, probe_sqnr_db_min=20.0)


def stored(exported: tuple[Path, Frontend], store: Store) -> Compilable:
    """Return the IR with functions that keep its compiled models in a store."""
    path, frontend = exported
    return compilable(store, path, lambda: dynamic(exported), frontend, static_options("f32", 2))


def test_padded_utterances_get_the_logits_of_unpadded_ones(exported: tuple[Path, Frontend], tmp_path: Path) -> None:
    """In every bucket, at its edge and beyond the longest one; with new and with stored compiled models."""
    utterances = [sound(seconds, seed=n) for n, seconds in enumerate((0.3, 3.0, 0.5, 0.9, 2.2, 4.1, 1.0))]
    expected = dynamic(exported).logits_of(utterances)
    for _ in range(2):
        for unpadded, padded in zip(expected, bucketed(exported, Store(tmp_path)).logits_of(utterances), strict=True):
            np.testing.assert_allclose(padded, unpadded, atol=1e-4)
    assert len(LENGTHS) == len(list((tmp_path / "compiled-model").iterdir()))


def test_stored_buckets_need_no_dynamic_model(exported: tuple[Path, Frontend], tmp_path: Path) -> None:
    """Compiled models and the probe's logits come from the store; only longer utterances need the dynamic model."""
    speech = sound(0.8, seed=1)
    expected = bucketed(exported, Store(tmp_path)).logits_of([speech])[0]
    found = bucketed(exported, Store(tmp_path))
    np.testing.assert_array_equal(expected, found.logits_of([speech])[0])
    assert "dynamic" not in vars(found)
    found.logits_of([sound(4.1, seed=2)])
    assert "dynamic" in vars(found)


def test_rested_buckets_give_the_same_logits(exported: tuple[Path, Frontend], tmp_path: Path) -> None:
    """On every stream, bit by bit; a recognizer that has run nothing may rest too."""
    utterances = [sound(seconds, seed=n) for n, seconds in enumerate((0.3, 3.0, 0.5, 0.9, 2.2, 1.0))]
    recognizer = bucketed(exported, Store(tmp_path))
    recognizer.rest()
    before = recognizer.logits_of(utterances)
    recognizer.rest()
    for expected, again in zip(before, recognizer.logits_of(utterances), strict=True):
        np.testing.assert_array_equal(expected, again)
    assert all(recognizer.probed_again())


def test_a_stream_with_wrong_logits_is_not_used(exported: tuple[Path, Frontend], tmp_path: Path) -> None:
    """A compilation with wrong logits is discarded and reported; if all compilations are wrong, the run ends."""
    path, frontend = exported
    right, length = stored(exported, Store(tmp_path)), frontend.whole_frames(RATE)
    wrong = [_compiled_wrong(path, length)]
    once = replace(right, compile_for=lambda samples: wrong.pop() if wrong else right.compile_for(samples))
    reported: list[Compilation] = []
    found = BucketedRecognizer(once, Buckets((length,)), streams=2, probe_sqnr_db_min=20.0, report=reported.append)
    speech = sound(0.8, seed=1)
    with pytest.warns(OtherLogitsWarning, match="did not fit its IR; it was compiled again"):
        logits = found.logits_of([speech])[0]
    np.testing.assert_allclose(logits, found.dynamic.logits(speech[None])[0], atol=1e-4)
    assert [Compilation(length, 2, accepted=True)] == reported


def test_streams_that_are_wrong_alike_are_no_fault_of_a_stream(exported: tuple[Path, Frontend], tmp_path: Path) -> None:
    """The run continues, so that its verdicts judge the logits; one line names the causes that remain."""
    path, frontend = exported
    length = frontend.whole_frames(RATE)
    wrong = partial(_compiled_wrong, path)
    ir = replace(stored(exported, Store(tmp_path)), compile_for=wrong, compile_anew=wrong)
    found = BucketedRecognizer(ir, Buckets((length,)), streams=2, probe_sqnr_db_min=20.0)
    speech = sound(0.8, seed=1)
    with pytest.warns(OtherLogitsWarning, match=r"all streams alike are -6\.0 dB .* no stream is at fault, but the IR"):
        logits = found.logits_of([speech])[0]
    np.testing.assert_allclose(logits, -found.dynamic.logits(speech[None])[0], atol=1e-4)


def test_one_stream_unlike_the_others_ends_the_run(
    exported: tuple[Path, Frontend], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no compilation has equal streams, no gate may use its logits."""
    speech, store = sound(0.8, seed=1), Store(tmp_path)
    bucketed(exported, store).logits_of([speech])  # stores the dynamic model's logits of the probe
    corrupt(monkeypatch, compilations=99)
    found = bucketed(exported, store)
    with pytest.raises(SuiteError, match=r"wrong logits in each of 3 compilations .*--shapes dynamic"):
        found.logits_of([speech])


@pytest.mark.parametrize("damage", ["of another length", "of another IR", "of no model"])
def test_a_stored_model_that_does_not_fit_its_ir_is_built_again(
    damage: str, exported: tuple[Path, Frontend], tmp_path: Path
) -> None:
    """Its checksum matches, so only the runtime or its logits show it; one line, and the store has a right one."""
    speech, store = sound(0.4, seed=1), Store(tmp_path / "cache")
    expected = bucketed(exported, store).logits_of([speech])[0]
    folders = sorted((store.root / "compiled-model").iterdir())
    lengths = [json.loads((folder / MANIFEST).read_text())["parts"]["samples"] for folder in folders]
    blobs = [(folder / "model.blob").read_bytes() for folder in folders]
    of_another_ir = [_compiled_wrong(exported[0], length).export_model().getbuffer() for length in lengths]
    others = {
        "of another length": blobs[1:] + blobs[:1],
        "of another IR": [bytes(blob) for blob in of_another_ir],
        "of no model": [blob[: len(blob) // 2] for blob in blobs],
    }
    for folder, blob in zip(folders, others[damage], strict=True):
        (folder / "model.blob").write_bytes(blob)
        resign(folder)
    with pytest.warns(UserWarning, match="does not fit IR '|did not fit its IR; it was compiled again"):
        logits = bucketed(exported, store).logits_of([speech, sound(0.9, seed=2), sound(2.0, seed=3)])[0]
    np.testing.assert_array_equal(expected, logits)
    again = bucketed(exported, store)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again.try_all()


def _compiled_wrong(path: Path, samples: int) -> ov.CompiledModel:
    """Compile the IR with negated logits."""
    model = ov.Core().read_model(path)
    (result,) = model.get_results()
    negative = ov.opset13.negative(result.input_value(0))
    result.input(0).replace_source_output(negative.output(0))
    model.reshape({port: [1, samples] for port in model.inputs})
    return ov.Core().compile_model(model, "CPU", static_options("f32", 2))


def test_equal_operations_are_counted_once(tmp_path: Path) -> None:
    """Reshaping merges two quantizers of one value, as accuracy control leaves them; the estimate is that of one."""
    from openvino import opset13 as op

    def quantized(value: Any) -> Any:
        bounds = [op.constant(np.float32(bound)) for bound in (-1, 1, -1, 1)]
        return op.fake_quantize(value, *bounds, 256)

    found = []
    for count in (1, 2):
        waveforms = op.parameter([-1, -1], ov.Type.f32)
        weights = op.constant(np.ones((1, 8), np.float32))
        channels = op.unsqueeze(waveforms, op.constant(-1))
        products = [op.matmul(quantized(channels), weights, transpose_a=False, transpose_b=False) for _ in range(count)]
        path = tmp_path / f"{count}.xml"
        ov.save_model(ov.Model([*products], [waveforms]), path, compress_to_fp16=False)
        found.append(compiled_memory(path, streams=1).per_sample)
    assert [4 * (8 + 8)] * 2 == found  # the output of eight channels is read and written
