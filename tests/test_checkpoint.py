"""Checkpoints in the forms they come in, and those that are refused."""

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
from architectures import ARCHITECTURES
from safetensors.torch import load_file, save_file
from tiny import LABELS, RATE, Tiny, save_processor, sound
from transformers import (
    AutoModelForCTC,
    BertTokenizer,
    SeamlessM4TFeatureExtractor,
    Wav2Vec2BertConfig,
    Wav2Vec2BertForCTC,
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

from wergate import checkpoint
from wergate.checkpoint import Checkpoint, load_model, resolve_checkpoint
from wergate.errors import SuiteError
from wergate.frontend import Frontend
from wergate.hub import Snapshot
from wergate.processor import load_frontend
from wergate.recognizers.pytorch import PyTorchRecognizer

WAV2VEC2 = next(architecture for architecture in ARCHITECTURES if architecture.id == "wav2vec2, layer norm")
LANGUAGES = {"eng": "ABCDEFGH", "fra": "ABÇÉÈ", "por": "ABÃÕÇ"}
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "|")


@dataclass(frozen=True)
class Loaded:
    """A checkpoint, its model and its frontend."""

    checkpoint: Checkpoint
    model: Any
    frontend: Frontend

    def logits(self) -> np.ndarray:
        """What the reference recognizer gives for half a second."""
        return PyTorchRecognizer(self.frontend, lambda: self.model).logits(sound(0.5, seed=1)[None])[0]


def load(folder: Path, **choices: Any) -> Loaded:
    """Take a folder the whole way to a reference recognizer."""
    found = resolve_checkpoint(str(folder), folder, **choices)
    model = load_model(found)
    return Loaded(found, model, load_frontend(found, model))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny wav2vec2 in the form of the hub's."""
    return WAV2VEC2.save(tmp_path_factory.mktemp("published"))


@pytest.fixture
def mine(published: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may change."""
    return shutil.copytree(published, tmp_path / "mine")


def changed(path: Path, **changes: Any) -> None:
    """Change keys of a JSON file; None removes one."""
    values = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))


# processors


def old_files(folder: Path) -> None:
    """Save the processor as transformers 4 did: each part in a file of its own."""
    (folder / "processor_config.json").unlink()
    Wav2Vec2FeatureExtractor(sampling_rate=RATE, return_attention_mask=True).save_pretrained(folder)
    changed(folder / "preprocessor_config.json", processor_class="Wav2Vec2Processor")


def no_class(folder: Path) -> None:
    """Name no processor class anywhere."""
    old_files(folder)
    changed(folder / "preprocessor_config.json", processor_class=None)
    changed(folder / "tokenizer_config.json", processor_class=None)


def with_language_model(folder: Path) -> None:
    """Name the processor that decodes with a language model, whose packages are not installed."""
    old_files(folder)
    changed(folder / "preprocessor_config.json", processor_class="Wav2Vec2ProcessorWithLM")
    changed(folder / "tokenizer_config.json", processor_class="Wav2Vec2ProcessorWithLM")


@pytest.mark.parametrize("form", [old_files, no_class, with_language_model], ids=lambda form: form.__name__)
def test_processors_are_read_in_every_form(form: Callable[[Path], None], published: Path, mine: Path) -> None:
    """Of transformers 5 and 4, with and without a class for both parts: the same frontend."""
    form(mine)
    assert load(published).frontend == load(mine).frontend


def test_features_are_the_extractors(mine: Path) -> None:
    """Sampling rate, normalization and mask come from the checkpoint's own extractor."""
    save_processor(mine, sampling_rate=8000, do_normalize=False, return_attention_mask=False)
    frontend = load(mine).frontend
    assert (8000, False, False) == (frontend.sampling_rate, frontend.normalize, frontend.attention_mask)
    assert load(WAV2VEC2.save(mine / "masked")).frontend.attention_mask


# weights


def renamed(folder: Path) -> None:
    """Name the weights as checkpoints of before 2024 do, and leave out what only training reads."""
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = load_file(folder / "model.safetensors")
    assert any(key.endswith(tuple(old)) for key in weights)
    for new, name in old.items():
        weights = {key.replace(new, name): value for key, value in weights.items()}
    del weights["wav2vec2.masked_spec_embed"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def in_pieces(folder: Path) -> None:
    """Save the weights in several files with an index."""
    model = AutoModelForCTC.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    model.save_pretrained(folder, max_shard_size="50KB")
    assert (folder / "model.safetensors.index.json").exists()


@pytest.mark.parametrize("form", [renamed, in_pieces], ids=lambda form: form.__name__)
def test_weights_are_read_in_every_form(form: Callable[[Path], None], published: Path, mine: Path) -> None:
    """Old names or several files: the same logits."""
    form(mine)
    np.testing.assert_array_equal(load(published).logits(), load(mine).logits())


def pickled(folder: Path) -> None:
    """Have weights in a pickle only."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_pickled_weights_are_taken_where_they_are_allowed(published: Path, mine: Path) -> None:
    """The same logits; without the leave a refusal that names the option."""
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
    """Even where pickles are allowed."""
    pickled(mine)
    torch.save({"lm_head.weight": Malice(tmp_path / "run")}, mine / "pytorch_model.bin")
    with pytest.raises(SuiteError, match="model 'mine' cannot be loaded"):
        load(mine, allow_pickle=True)
    (mine / "pytorch_model.bin").write_bytes(pickle.dumps(Malice(tmp_path / "run")))
    with pytest.raises(SuiteError, match="model 'mine' cannot be loaded"):
        load(mine, allow_pickle=True)
    assert not (tmp_path / "run").exists()


def test_the_digest_is_of_what_is_used(published: Path, mine: Path) -> None:
    """Another vocabulary is another checkpoint; another name, or a file beside it, is not."""
    same = resolve_checkpoint(str(published), published).digest
    (mine / "README.md").write_text("read me")
    assert same == resolve_checkpoint(str(mine), mine).digest
    vocabulary = json.loads((mine / "vocab.json").read_text())
    (mine / "vocab.json").write_text(json.dumps({**vocabulary, "A": vocabulary["E"], "E": vocabulary["A"]}))
    assert same != resolve_checkpoint(str(mine), mine).digest


def test_a_model_of_the_hub_is_known_by_its_commit(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Id, revision and choices are what is fetched by; the commit is kept, and the name stays what was asked for."""
    asked = []

    def snapshot(*names: str, **choices: Any) -> Snapshot:
        asked.append((names, choices))
        return Snapshot(published, "0123abcd")

    monkeypatch.setattr(checkpoint, "snapshot", snapshot)
    found = resolve_checkpoint("org/name@main", published, allow_pickle=True)
    assert [(("org/name", "main"), {"allow_pickle": True, "language": None})] == asked
    assert ("org/name@main", "0123abcd") == (found.name, found.revision)
    assert resolve_checkpoint(str(published), published).digest == found.digest


# languages


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of three languages, an adapter for each, in the form of Meta's MMS."""
    folder = tmp_path_factory.mktemp("languages") / "multilingual"
    folder.mkdir()
    nested = {name: {label: n for n, label in enumerate((*SPECIAL, *letters))} for name, letters in LANGUAGES.items()}
    (folder / "vocab.json").write_text(json.dumps(nested))
    tokenizer = Wav2Vec2CTCTokenizer(str(folder / "vocab.json"), target_lang="eng")
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for seed, (name, vocabulary) in reversed([*enumerate(nested.items())]):  # English is saved last, as the default
        adapted(folder, name, len(vocabulary), seed)
    return folder


def adapted(folder: Path, language: str, outputs: int, seed: int) -> None:
    """Save the common model with a head and adapters of one language, and these on their own."""
    config = Wav2Vec2Config(**{**WAV2VEC2.configuration, "adapter_attn_dim": 4, "vocab_size": outputs})
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        model = Wav2Vec2ForCTC(config)
        adapters = model._get_adapters()
        torch.manual_seed(seed)
        for weight in adapters.values():
            weight.normal_()
    save_file(
        {key: weight.contiguous() for key, weight in adapters.items()}, folder / f"adapter.{language}.safetensors"
    )
    model.save_pretrained(folder)


def test_a_language_brings_its_vocabulary_and_its_adapter(multilingual: Path) -> None:
    """The chosen language's labels and logits; without a choice those that the tokenizer and the weights have."""
    default, english, french = (
        load(multilingual),
        load(multilingual, language="eng"),
        load(multilingual, language="fra"),
    )
    assert (*SPECIAL, *LANGUAGES["fra"]) == french.frontend.alphabet.labels
    assert default.frontend.alphabet == english.frontend.alphabet != french.frontend.alphabet
    np.testing.assert_array_equal(default.logits(), english.logits())
    assert len(french.frontend.alphabet.labels) == french.logits().shape[1]
    expected = load_file(multilingual / "adapter.fra.safetensors")
    np.testing.assert_array_equal(expected["lm_head.bias"], french.model.lm_head.bias.detach())


def test_languages_are_different_checkpoints(multilingual: Path, tmp_path: Path) -> None:
    """Each has a digest of its own, which another language's adapter has no part in."""
    digests = {
        language: resolve_checkpoint(str(multilingual), multilingual, language=language).digest
        for language in LANGUAGES
    }
    assert len(LANGUAGES) == len(set(digests.values()))
    fewer = shutil.copytree(multilingual, tmp_path / "fewer", ignore=shutil.ignore_patterns("adapter.por.*"))
    assert digests["fra"] == resolve_checkpoint(str(fewer), fewer, language="fra").digest
    changed(fewer / "config.json", adapter_attn_dim=None)  # a model that has vocabularies only
    for language in LANGUAGES:
        (fewer / f"adapter.{language}.safetensors").unlink(missing_ok=True)
    first, second = (resolve_checkpoint(str(fewer), fewer, language=language).digest for language in ("eng", "fra"))
    assert first != second


@dataclass(frozen=True)
class Choice:
    """A language that cannot be had."""

    id: str
    language: str | None
    change: Callable[[Path], object]
    message: str


def forget_default(folder: Path) -> None:
    """Let the tokenizer name no language."""
    changed(folder / "tokenizer_config.json", target_lang=None)


CHOICES = (
    Choice(
        "unknown", "fre", lambda _: None, r"no vocabulary of language 'fre' \(did you mean 'fra'\?\): .* eng, fra, por"
    ),
    Choice(
        "no adapter", "por", lambda f: (f / "adapter.por.safetensors").unlink(), "no adapter weights of language 'por'"
    ),
    Choice("none chosen", None, forget_default, r"vocabularies of 3 languages \(eng, fra, por\), and none is chosen"),
    Choice(
        "damaged adapter",
        "por",
        lambda f: (f / "adapter.por.safetensors").write_bytes(b"no weights"),
        "the adapter of language 'por' cannot be loaded",
    ),
)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.id)
def test_a_language_that_is_not_there_is_told(choice: Choice, multilingual: Path, tmp_path: Path) -> None:
    """What there is, and the nearest of it, is in the message."""
    folder = shutil.copytree(multilingual, tmp_path / "mine")
    choice.change(folder)
    with pytest.raises(SuiteError, match=choice.message):
        load(folder, language=choice.language)


def test_a_language_of_a_model_that_has_one_only_is_told(published: Path) -> None:
    """The option is named."""
    with pytest.raises(SuiteError, match=r"no vocabulary of language 'fra': it has a single vocabulary.* language"):
        load(published, language="fra")


# what is refused


def bert(folder: Path) -> None:
    """Have a tokenizer that is none of CTC's."""
    (folder / "vocab.txt").write_text("\n".join(LABELS))
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    for name in ("processor_config.json", "vocab.json"):
        (folder / name).unlink(missing_ok=True)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)


def log_mel(folder: Path) -> None:
    """Be a wav2vec2-bert, which takes log-mel features."""
    sizes = {key: WAV2VEC2.configuration[key] for key in ("vocab_size", "hidden_size", "num_hidden_layers")}
    config = Wav2Vec2BertConfig(**sizes, num_attention_heads=2, intermediate_size=64)
    Wav2Vec2BertForCTC(config).save_pretrained(folder)
    (folder / "processor_config.json").unlink()
    SeamlessM4TFeatureExtractor().save_pretrained(folder)


def fewer_labels(folder: Path) -> None:
    """Take the last letters from the tokenizer."""
    (folder / "vocab.json").write_text(json.dumps({label: number for number, label in enumerate(LABELS[:-3])}))


def foreign_blank(folder: Path) -> None:
    """Have a padding token behind the labels that the model has logits for."""
    changed(folder / "tokenizer_config.json", pad_token="[PAD]")  # noqa: S106 - a token of another kind


def without_processor(folder: Path) -> None:
    """Have weights and a configuration only."""
    for path in folder.iterdir():
        if path.name not in {"config.json", "model.safetensors"}:
            path.unlink()


def code(name: str) -> Callable[[Path], None]:
    """Point to code of its own in one of the files."""
    return lambda folder: changed(folder / name, auto_map={"AutoModelForCTC": "mine.MyForCTC"})


@dataclass(frozen=True)
class Refusal:
    """A checkpoint with something wrong in it, and the message that it gets."""

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
        "code for the model", code("config.json"), r"code of its own \(auto_map in config.json\), which is never run"
    ),
    Refusal("code for the tokenizer", code("tokenizer_config.json"), r"auto_map in tokenizer_config.json"),
    Refusal("log-mel features", log_mel, "takes the features of a SeamlessM4TFeatureExtractor; .* raw waveform"),
    Refusal("no CTC tokenizer", bert, "has a BertTokenizer.*; a CTC tokenizer .* is accepted"),
    Refusal("fewer labels than logits", fewer_labels, f"has {len(LABELS)} logits a frame, but its tokenizer 19 labels"),
    Refusal("a blank without a logit", foreign_blank, r"the blank '\[PAD\]' is not in the labels"),
    Refusal("no processor", without_processor, "has no processor that can be loaded"),
    Refusal("an architecture of nobody's", lambda f: changed(f / "config.json", model_type="wav2vec9"), "wav2vec9"),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.id)
def test_a_checkpoint_that_cannot_be_taken_is_told(refusal: Refusal, mine: Path) -> None:
    """One line names the model and what is wrong with it."""
    refusal.change(mine)
    with pytest.raises(SuiteError, match=refusal.message) as told:
        load(mine)
    assert "model 'mine'" in str(told.value)


def test_frames_that_are_not_as_configured_are_told(tiny: Tiny) -> None:
    """The formula is held to what the model gives, before anything is built on it."""
    found = resolve_checkpoint(str(tiny.model), tiny.model)
    model: Any = load_model(found)
    model.config.conv_stride = (5, 4, 4, 2)
    with pytest.raises(SuiteError, match=r"model 'model' gives \d+ frames .* but its configuration says \d+"):
        load_frontend(found, model)
