"""Multilingual checkpoints: vocabulary and adapter of the chosen language, and languages that are missing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Wav2Vec2Config, Wav2Vec2CTCTokenizer, Wav2Vec2FeatureExtractor, Wav2Vec2ForCTC

from tests.support.checkpoints import WAV2VEC2, changed, load
from tests.support.tiny import Tiny
from wergate.errors import SuiteError
from wergate.models.checkpoint import resolve_checkpoint

LANGUAGES = {"eng": "ABCDEFGH", "fra": "ABÇÉÈ", "por": "ABÃÕÇ"}
SPECIAL = ("<pad>", "<s>", "</s>", "<unk>", "|")


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny model with three languages and an adapter for each, in the form of Meta's MMS."""
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
    """Save the common model with the head and adapters of one language, and the adapters in a separate file."""
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


def test_a_language_selects_its_vocabulary_and_its_adapter(multilingual: Path) -> None:
    """Labels and logits are those of the chosen language, or by default those of the tokenizer and the weights."""
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
    """Each language has a different digest, which does not depend on the adapters of other languages."""
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
    """A language that is not available, and the expected message."""

    id: str
    language: str | None
    change: Callable[[Path], object]
    message: str


def forget_default(folder: Path) -> None:
    """Remove the language from the tokenizer's settings."""
    changed(folder / "tokenizer_config.json", target_lang=None)


CHOICES = (
    Choice(
        "unknown", "fre", lambda _: None, r"no vocabulary for language 'fre' \(did you mean 'fra'\?\): .* eng, fra, por"
    ),
    Choice(
        "no adapter", "por", lambda f: (f / "adapter.por.safetensors").unlink(), "no adapter weights for language 'por'"
    ),
    Choice("none chosen", None, forget_default, r"vocabularies of 3 languages \(eng, fra, por\), and none is chosen"),
    Choice(
        "damaged adapter",
        "por",
        lambda f: (f / "adapter.por.safetensors").write_bytes(b"no weights"),
        "the adapter for language 'por' cannot be loaded",
    ),
)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.id)
def test_a_missing_language_is_rejected(choice: Choice, multilingual: Path, tmp_path: Path) -> None:
    """The message names the available languages and the nearest one."""
    folder = shutil.copytree(multilingual, tmp_path / "mine")
    choice.change(folder)
    with pytest.raises(SuiteError, match=choice.message):
        load(folder, language=choice.language)


@pytest.mark.parametrize(("language", "chosen"), [(None, "eng"), ("fra", "fra")])
def test_the_language_in_use_is_noted(language: str | None, chosen: str, multilingual: Path) -> None:
    """The chosen one or the tokenizer's, among all that have a vocabulary."""
    found = resolve_checkpoint(str(multilingual), multilingual, language=language)
    assert (f"language {chosen}, one of 3 (eng, fra, por)",) == found.notes


def test_a_single_language_is_not_noted(tiny: Tiny) -> None:
    """A vocabulary without languages leaves nothing to say."""
    assert () == resolve_checkpoint(str(tiny.model), tiny.model).notes
