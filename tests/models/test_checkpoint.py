"""Checkpoints in all their forms, and those that are rejected."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCTC,
    AutoProcessor,
    BertTokenizer,
    SeamlessM4TFeatureExtractor,
    Wav2Vec2BertConfig,
    Wav2Vec2BertForCTC,
    Wav2Vec2FeatureExtractor,
)

from tests.support.checkpoints import WAV2VEC2, changed, load
from tests.support.tiny import LABELS, RATE, Tiny, save_processor, sound
from wergate.errors import SuiteError
from wergate.hub import Snapshot
from wergate.models import checkpoint
from wergate.models.checkpoint import load_model, resolve_checkpoint
from wergate.models.processor import load_frontend


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny wav2vec2 checkpoint in the form of the hub."""
    return WAV2VEC2.save(tmp_path_factory.mktemp("published"))


@pytest.fixture
def mine(published: Path, tmp_path: Path) -> Path:
    """Return a copy of the checkpoint that a test may change."""
    return shutil.copytree(published, tmp_path / "mine")


# processors


def old_files(folder: Path) -> None:
    """Save the processor as transformers 4 did, each part in a separate file."""
    (folder / "processor_config.json").unlink()
    Wav2Vec2FeatureExtractor(sampling_rate=RATE, return_attention_mask=True).save_pretrained(folder)
    changed(folder / "preprocessor_config.json", processor_class="Wav2Vec2Processor")


def no_class(folder: Path) -> None:
    """Remove the processor class from all files."""
    old_files(folder)
    changed(folder / "preprocessor_config.json", processor_class=None)
    changed(folder / "tokenizer_config.json", processor_class=None)


def with_language_model(folder: Path) -> None:
    """Name the processor with a language model, whose packages are not installed."""
    old_files(folder)
    changed(folder / "preprocessor_config.json", processor_class="Wav2Vec2ProcessorWithLM")
    changed(folder / "tokenizer_config.json", processor_class="Wav2Vec2ProcessorWithLM")


@pytest.mark.parametrize("form", [old_files, no_class, with_language_model], ids=lambda form: form.__name__)
def test_processors_are_read_in_every_form(form: Callable[[Path], None], published: Path, mine: Path) -> None:
    """Processors of transformers 5 and 4, with and without a processor class, give the same frontend."""
    form(mine)
    assert load(published).frontend == load(mine).frontend


def test_features_follow_the_extractor(mine: Path) -> None:
    """Sampling rate, normalization and mask come from the checkpoint's extractor."""
    save_processor(mine, sampling_rate=8000, do_normalize=False, return_attention_mask=False)
    frontend = load(mine).frontend
    assert (8000, False, False) == (frontend.sampling_rate, frontend.normalize, frontend.attention_mask)
    assert load(WAV2VEC2.save(mine / "masked")).frontend.attention_mask


@pytest.mark.parametrize("masked", [True, False])
def test_the_model_gets_what_its_processor_gives(masked: bool, mine: Path) -> None:
    """The reference run passes the features, and the mask if the processor returns one."""
    save_processor(mine, return_attention_mask=masked)
    found, given = load(mine), []
    found.model.register_forward_pre_hook(lambda _, args, named: given.append((args, named)), with_kwargs=True)
    found.logits()
    expected = AutoProcessor.from_pretrained(mine)(sound(0.5, seed=1), sampling_rate=RATE, return_tensors="pt")
    (features,), named = given[0]
    torch.testing.assert_close(expected.pop("input_values"), features)
    assert ["attention_mask"] * masked == list(expected) == list(named)
    for name, value in expected.items():
        torch.testing.assert_close(value, named[name], check_dtype=False)


# weights


def renamed(folder: Path) -> None:
    """Name the weights as in checkpoints from before 2024, and leave out those that only training uses."""
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = load_file(folder / "model.safetensors")
    assert any(key.endswith(tuple(old)) for key in weights)
    for new, name in old.items():
        weights = {key.replace(new, name): value for key, value in weights.items()}
    del weights["wav2vec2.masked_spec_embed"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def sharded(folder: Path) -> None:
    """Save the weights in several files with an index."""
    model = AutoModelForCTC.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="50KB")
    assert (folder / "model.safetensors.index.json").exists()


@pytest.mark.parametrize("form", [renamed, sharded], ids=lambda form: form.__name__)
def test_weights_are_read_in_every_form(form: Callable[[Path], None], published: Path, mine: Path) -> None:
    """Old names or several files give the same logits."""
    form(mine)
    np.testing.assert_array_equal(load(published).logits(), load(mine).logits())


def pickled(folder: Path) -> None:
    """Save the weights as a pickle only."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_pickled_weights_are_used_if_they_are_allowed(published: Path, mine: Path) -> None:
    """They give the same logits; without permission they are rejected, and the message names the option."""
    pickled(mine)
    np.testing.assert_array_equal(load(published).logits(), load(mine, allow_pickle=True).logits())
    with pytest.raises(SuiteError, match=r"pickled weights are refused.*--allow-pickle"):
        load(mine)


class Malice:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.path, "run")


def test_code_in_a_pickle_never_runs(mine: Path, tmp_path: Path) -> None:
    """It does not run even if pickles are allowed."""
    pickled(mine)
    torch.save({"lm_head.weight": Malice(tmp_path / "run")}, mine / "pytorch_model.bin")
    with pytest.raises(SuiteError, match="model 'mine' cannot be loaded"):
        load(mine, allow_pickle=True)
    (mine / "pytorch_model.bin").write_bytes(pickle.dumps(Malice(tmp_path / "run")))
    with pytest.raises(SuiteError, match="model 'mine' cannot be loaded"):
        load(mine, allow_pickle=True)
    assert not (tmp_path / "run").exists()


def test_the_digest_covers_only_files_in_use(published: Path, mine: Path) -> None:
    """Another vocabulary changes the digest; another folder name or an unrelated file does not."""
    same = resolve_checkpoint(str(published), published).digest
    (mine / "README.md").write_text("read me")
    assert same == resolve_checkpoint(str(mine), mine).digest
    vocabulary = json.loads((mine / "vocab.json").read_text())
    (mine / "vocab.json").write_text(json.dumps({**vocabulary, "A": vocabulary["E"], "E": vocabulary["A"]}))
    assert same != resolve_checkpoint(str(mine), mine).digest


def test_a_model_of_the_hub_has_its_commit(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Id, revision and options go to the hub; the checkpoint has the commit, and its name is the given spec."""
    asked = []

    def snapshot(*names: str, **choices: Any) -> Snapshot:
        asked.append((names, choices))
        return Snapshot(published, "0123abcd")

    monkeypatch.setattr(checkpoint, "snapshot", snapshot)
    found = resolve_checkpoint("org/name@main", published, allow_pickle=True)
    assert [(("org/name", "main"), {"allow_pickle": True, "language": None})] == asked
    assert ("org/name@main", "0123abcd") == (found.name, found.revision)
    assert resolve_checkpoint(str(published), published).digest == found.digest


def test_a_language_for_a_monolingual_model_is_rejected(published: Path) -> None:
    """The message names the option."""
    with pytest.raises(SuiteError, match=r"no vocabulary for language 'fra': it has a single vocabulary.* language"):
        load(published, language="fra")


@pytest.mark.parametrize("key", ["quantizer.codevectors", "project_hid.weight", "wav2vec2.encoder.position_ids"])
def test_tensors_of_training_are_left_out(key: str, published: Path, mine: Path) -> None:
    """A head that only training uses changes no logits."""
    added(key)(mine)
    np.testing.assert_array_equal(load(published).logits(), load(mine).logits())


# checkpoints that are rejected


def added(*keys: str) -> Callable[[Path], None]:
    """Return a change that adds tensors to the weights."""

    def change(folder: Path) -> None:
        more = {key: torch.ones(4, 4) for key in keys}
        save_file(load_file(folder / "model.safetensors") | more, folder / "model.safetensors", {"format": "pt"})

    return change


def unmerged(folder: Path) -> None:
    """Name the weights as PEFT does in a model that it wraps, and add those of LoRA."""
    weights = load_file(folder / "model.safetensors")
    wrapped = {f"base_model.model.{k.replace('q_proj', 'q_proj.base_layer')}": value for k, value in weights.items()}
    wrapped[f"base_model.model.{Q_PROJ}.lora_A.default.weight"] = torch.ones(4, 4)
    save_file(wrapped, folder / "model.safetensors", {"format": "pt"})


def adapter_alone(folder: Path) -> None:
    """Leave what PEFT saves of an adapter, without the base model."""
    (folder / "config.json").unlink()
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")


Q_PROJ = "wav2vec2.encoder.layers.0.attention.q_proj"


def bert(folder: Path) -> None:
    """Save a tokenizer that is not for CTC."""
    (folder / "vocab.txt").write_text("\n".join(LABELS))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    for name in ("processor_config.json", "vocab.json"):
        (folder / name).unlink(missing_ok=True)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)


def log_mel(folder: Path) -> None:
    """Save a wav2vec2-bert, which takes log-mel features."""
    sizes = {key: WAV2VEC2.configuration[key] for key in ("vocab_size", "hidden_size", "num_hidden_layers")}
    config = Wav2Vec2BertConfig(**sizes, num_attention_heads=2, intermediate_size=64)
    Wav2Vec2BertForCTC(config).save_pretrained(folder)
    (folder / "processor_config.json").unlink()
    SeamlessM4TFeatureExtractor().save_pretrained(folder)


def fewer_labels(folder: Path) -> None:
    """Remove the last letters from the tokenizer."""
    (folder / "vocab.json").write_text(json.dumps({label: number for number, label in enumerate(LABELS[:-3])}))


def with_vocabulary(change: Callable[[dict[str, int]], object]) -> Callable[[Path], None]:
    """Return a change of the vocabulary."""

    def write(folder: Path) -> None:
        vocabulary = json.loads((folder / "vocab.json").read_text())
        change(vocabulary)
        (folder / "vocab.json").write_text(json.dumps(vocabulary))

    return write


LAST, SECOND_LAST = len(LABELS) - 1, len(LABELS) - 2


def foreign_blank(folder: Path) -> None:
    """Save a padding token without a logit."""
    changed(folder / "tokenizer_config.json", pad_token="[PAD]")  # noqa: S106 - a token of another kind


def without_processor(folder: Path) -> None:
    """Keep only weights and configuration."""
    for path in folder.iterdir():
        if path.name not in {"config.json", "model.safetensors"}:
            path.unlink()


def code(name: str) -> Callable[[Path], None]:
    """Return a change that refers to custom code in a file."""
    return lambda folder: changed(folder / name, auto_map={"AutoModelForCTC": "mine.MyForCTC"})


@dataclass(frozen=True)
class Refusal:
    """A defect of a checkpoint, and the expected message."""

    id: str
    change: Callable[[Path], object]
    message: str


REFUSALS = (
    Refusal(
        "no CTC head",
        lambda f: changed(f / "config.json", architectures=["Wav2Vec2Model"]),
        "has no CTC head: its architecture is Wav2Vec2Model",
    ),
    Refusal(
        "code for the model", code("config.json"), r"needs custom code \(auto_map in config.json\), which is never run"
    ),
    Refusal("code for the tokenizer", code("tokenizer_config.json"), r"auto_map in tokenizer_config.json"),
    Refusal("log-mel features", log_mel, "takes the features of a SeamlessM4TFeatureExtractor; .* raw waveform"),
    Refusal("no CTC tokenizer", bert, "has a BertTokenizer.*; a CTC tokenizer .* is accepted"),
    Refusal("fewer labels than logits", fewer_labels, f"has {len(LABELS)} logits per frame, but its tokenizer has 19"),
    Refusal(
        "a hole in the vocabulary",
        with_vocabulary(lambda v: v.update({LABELS[SECOND_LAST]: LAST + 1, "[more]": LAST + 2})),
        f"its vocabulary has no id {SECOND_LAST}; one label per logit is needed; correct vocab.json in",
    ),
    Refusal(
        "an id twice and a hole",
        with_vocabulary(lambda v: v.update({LABELS[SECOND_LAST]: LAST, "[more]": LAST + 1})),
        f"its vocabulary has no id {SECOND_LAST}; one label per logit",
    ),
    Refusal(
        "a second label for an id",
        with_vocabulary(lambda v: v.update({"ę": 7})),
        rf"its vocabulary gives id 7 to '{LABELS[7]}' and 'ę'; one label per logit",
    ),
    Refusal("a blank without a logit", foreign_blank, r"the blank '\[PAD\]' is not in the labels"),
    Refusal(
        "no processor",
        without_processor,
        r"has no processor that can be loaded: preprocessor_config.json or processor_config.json and vocab.json "
        "missing in '.*mine'; .*save_pretrained",
    ),
    Refusal(
        "no vocabulary",
        lambda f: (f / "vocab.json").unlink(),
        "can be loaded: vocab.json missing in '.*mine'; a feature",
    ),
    Refusal(
        "no vocabulary, but a file of another tokenizer",
        lambda f: (f / "vocab.json").rename(f / "vocab.txt"),
        "can be loaded: vocab.json missing in '.*mine'",
    ),
    Refusal(
        "no feature extractor",
        lambda f: (f / "processor_config.json").unlink(),
        "can be loaded: preprocessor_config.json or processor_config.json missing in '.*mine'",
    ),
    *(
        Refusal(
            f"an adapter in {name}",
            lambda f, name=name: (f / name).write_text("{}"),  # type: ignore[misc]
            f"an adapter that is not merged: {name} in .*merge_and_unload",
        )
        for name in ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
    ),
    Refusal("an adapter without its model", adapter_alone, "not merged: adapter_model.safetensors in .*"),
    *(
        Refusal(
            f"a tensor of an adapter, {kind}",
            added(f"{Q_PROJ}.{kind}"),
            rf"has 1 tensors of an adapter that is not merged \({Q_PROJ}.{kind}\).*merge_and_unload",
        )
        for kind in ("lora_A.weight", "lora_magnitude_vector", "lora_B.default.weight", "hada_w1_a", "ia3_l")
    ),
    Refusal("weights as PEFT wraps them", unmerged, r"tensors of an adapter .*\(base_model.model.*merge_and_unload"),
    Refusal(
        "tensors without a place",
        added("wav2vec2.adapter.layers.0.conv.weight", "wav2vec2.encoder.layers.0.gate"),
        r"has 2 tensors that Wav2Vec2ForCTC has no place for \(wav2vec2.adapter.layers.0.conv.weight, wav2vec2.enc",
    ),
    Refusal(
        "a quantized checkpoint",
        lambda f: changed(f / "config.json", quantization_config={"quant_method": "bitsandbytes"}),
        r"is quantized already \(quantization_config: bitsandbytes\); a reference is a model in floating point",
    ),
    Refusal("an unknown architecture", lambda f: changed(f / "config.json", model_type="wav2vec9"), "wav2vec9"),
)


def test_a_missing_file_is_named_before_weights_are_read(mine: Path) -> None:
    """Resolving the checkpoint is enough."""
    (mine / "vocab.json").unlink()
    with pytest.raises(SuiteError, match=r"vocab.json missing in"):
        resolve_checkpoint(str(mine), mine)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_a_defective_checkpoint_is_rejected(refusal: Refusal, mine: Path) -> None:
    """The message names the model and the defect."""
    refusal.change(mine)
    with pytest.raises(SuiteError, match=refusal.message) as error:
        load(mine)
    assert "model 'mine'" in str(error.value)


def test_frames_that_contradict_the_configuration_are_rejected(tiny: Tiny) -> None:
    """The number of frames is checked against the model before it is used."""
    found = resolve_checkpoint(str(tiny.model), tiny.model)
    model: Any = load_model(found)
    model.config.conv_stride = (5, 4, 4, 2)
    with pytest.raises(SuiteError, match=r"model 'model' gives \d+ frames .* but its configuration implies \d+"):
        load_frontend(found, model)
