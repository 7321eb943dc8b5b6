"""Frontend of a checkpoint: features, frame geometry and alphabet, read from its processor and configuration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from wergate.errors import SuiteError
from wergate.models.checkpoint import Checkpoint
from wergate.networks.alphabet import Alphabet, Units, special_labels
from wergate.networks.frontend import Frontend

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_CHECKED_HOPS = 3


def load_frontend(checkpoint: Checkpoint, model: PreTrainedModel) -> Frontend:
    """Read features, frame geometry and alphabet from the checkpoint's processor and configuration.

    Raises:
        SuiteError: the processor is missing, its input is not a raw waveform, it is not for CTC, or it has not one
            label for each logit; or the model gives a number of frames that contradicts its configuration.
    """
    extractor, tokenizer = _load_parts(checkpoint)
    _require_waveform(checkpoint, extractor)
    config = model.config
    receptive_field, hop = _frame_geometry(config)
    adapted = bool(getattr(config, "add_adapter", False))  # an adapter's convolutions reach past the last whole frame
    frontend = Frontend(
        sampling_rate=extractor.sampling_rate,
        normalize=extractor.do_normalize,
        receptive_field=receptive_field,
        hop=hop,
        alphabet=alphabet_of(checkpoint, tokenizer, config.vocab_size),
        local=getattr(config, "feat_extract_norm", "layer") == "layer" and not adapted,
        attention_mask=bool(extractor.return_attention_mask),
        squeeze=getattr(config, "squeeze_factor", 1),
        padding_exact=True,  # see `networks.ir.conversion.export`
    )
    _require_one_label_each(checkpoint, tokenizer, config.vocab_size)
    _require_frames(checkpoint, model, frontend)
    return frontend


def _load_parts(checkpoint: Checkpoint) -> tuple[Any, Any]:
    """Load the feature extractor and the tokenizer of a checkpoint.

    Raises:
        SuiteError: one of them cannot be loaded.
    """
    from transformers import AutoFeatureExtractor, AutoProcessor, AutoTokenizer

    auto, extractors, tokenizers = cast("tuple[Any, Any, Any]", (AutoProcessor, AutoFeatureExtractor, AutoTokenizer))
    keywords = {"local_files_only": True, "trust_remote_code": False}
    language = {"target_lang": checkpoint.language} if checkpoint.language else {}
    # A checkpoint may name no processor class, or one with a language model, which needs additional packages and is not
    # used here. Then the two parts are loaded separately, and the error comes from the part that fails.
    with suppress(Exception):
        processor = auto.from_pretrained(checkpoint.folder, **keywords, **language)
        return processor.feature_extractor, processor.tokenizer
    try:
        extractor = extractors.from_pretrained(checkpoint.folder, **keywords)
        return extractor, tokenizers.from_pretrained(checkpoint.folder, **keywords, **language)
    except Exception as error:  # transformers raises many types of exception
        reason = str(error) or type(error).__name__
        raise SuiteError(
            f"model '{checkpoint.name}' has no processor that can be loaded: {reason}; a feature extractor and a CTC "
            "tokenizer are needed in the folder of the weights; save them with processor.save_pretrained"
        ) from error


def _require_waveform(checkpoint: Checkpoint, extractor: Any) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    if not isinstance(extractor, Wav2Vec2FeatureExtractor):
        raise SuiteError(
            f"model '{checkpoint.name}' takes the features of a {type(extractor).__name__}; a model that takes the raw "
            "waveform (Wav2Vec2FeatureExtractor) is accepted, log-mel features are not; choose another model"
        )


def _frame_geometry(config: Any) -> tuple[int, int]:
    """Return the receptive field and the hop of the convolutions, in samples."""
    layers = list(zip(config.conv_kernel, config.conv_stride, strict=True))
    if getattr(config, "add_adapter", False):
        # an adapter pads its convolutions by one frame on both sides, so its first frame needs two frames less
        layers += [(config.adapter_kernel_size - 2, config.adapter_stride)] * config.num_adapter_layers
    receptive_field, hop = 1, 1
    for kernel, stride in layers:
        receptive_field += (kernel - 1) * hop
        hop *= stride
    return receptive_field, hop


def _require_frames(checkpoint: Checkpoint, model: Any, frontend: Frontend) -> None:
    """Check the frame geometry on a few short inputs.

    Raises:
        SuiteError: the model gives another number of frames or logits.
    """
    import torch

    shortest, hop = frontend.shortest_input(), frontend.hop
    for samples in (shortest, shortest + hop - 1, shortest + _CHECKED_HOPS * hop):
        with torch.inference_mode():
            shape = tuple(model(torch.zeros(1, samples)).logits.shape[1:])
        expected = (frontend.frame_count(samples), len(frontend.alphabet.labels))
        if shape != expected:
            raise SuiteError(
                f"model '{checkpoint.name}' gives {shape[0]} frames of {shape[1]} logits for {samples} samples, but "
                f"its configuration implies {expected[0]} frames of {expected[1]}; a stack of convolutions over the "
                "waveform is accepted; report the architecture"
            )


def alphabet_of(checkpoint: Checkpoint, tokenizer: Any, outputs: int) -> Alphabet:
    """Return the labels of a transformers tokenizer and the rules by which its `decode` turns them into text.

    One rule differs: labels without text, such as "<unk>", are left out, where `decode` writes them out.

    Args:
        checkpoint: the checkpoint, for messages.
        tokenizer: its tokenizer.
        outputs: number of logits per frame.

    Raises:
        SuiteError: it is not a CTC tokenizer, it has fewer labels than logits, or the blank is not one of them.
    """
    from transformers import Wav2Vec2CTCTokenizer, Wav2Vec2PhonemeCTCTokenizer

    if isinstance(tokenizer, Wav2Vec2PhonemeCTCTokenizer):
        rules: dict[str, Any] = {"units": "phonemes", "joiner": " ", "delimiter_text": None}
    elif isinstance(tokenizer, Wav2Vec2CTCTokenizer):
        rules = {"delimiter_text": tokenizer.replace_word_delimiter_char, "lower_case": tokenizer.do_lower_case}
    else:
        raise SuiteError(
            f"model '{checkpoint.name}' has a {type(tokenizer).__name__}; a CTC tokenizer (Wav2Vec2CTCTokenizer or "
            "Wav2Vec2PhonemeCTCTokenizer) is accepted; save the tokenizer that the model was fine-tuned with"
        )
    labels = _labels(checkpoint, tokenizer, outputs)
    blank_id = _blank_id(checkpoint, tokenizer, labels)
    named = getattr(tokenizer, "_word_delimiter_token", None)  # the public property logs an error if there is none
    delimiter = named if named in labels else None
    special = special_labels(labels, tokenizer.all_special_tokens, {labels[blank_id], delimiter})
    rules.setdefault("units", _units(set(labels).difference(special, {labels[blank_id]})))
    return Alphabet(
        labels=labels,
        blank_id=blank_id,
        word_delimiter=delimiter,
        clean_up=bool(tokenizer.clean_up_tokenization_spaces),
        special=special,
        **rules,
    )


def _units(textual: Collection[str]) -> Units:
    """Return "subwords" if most labels have more than one character, else "letters"."""
    longer = sum(len(label) > 1 for label in textual)
    return "subwords" if 2 * longer > len(textual) else "letters"


def _labels(checkpoint: Checkpoint, tokenizer: Any, outputs: int) -> tuple[str, ...]:
    if len(tokenizer) < outputs:
        raise SuiteError(
            f"model '{checkpoint.name}' has {outputs} logits per frame, but its tokenizer has {len(tokenizer)} "
            "labels; one label per logit is needed; save the model and the processor of the same fine-tuning"
        )
    return tuple(str(token) for token in tokenizer.convert_ids_to_tokens(list(range(outputs))))


def _require_one_label_each(checkpoint: Checkpoint, tokenizer: Any, outputs: int) -> None:
    """Check that the tokenizer has one label for each logit; it writes the unknown token for a missing one.

    Raises:
        SuiteError: an id has no label, or several.
    """
    labels: dict[int, list[str]] = {}
    for label, number in tokenizer.get_vocab().items():
        labels.setdefault(number, []).append(label)
    for number in range(outputs):
        found = sorted(labels.get(number, ()))
        if len(found) != 1:
            has = "gives id {} to {}".format(number, " and ".join(map(repr, found))) if found else f"has no id {number}"
            raise SuiteError(
                f"model '{checkpoint.name}' has {outputs} logits per frame, but its vocabulary {has}; one label per "
                f"logit is needed; correct vocab.json in '{checkpoint.folder}'"
            )


def _blank_id(checkpoint: Checkpoint, tokenizer: Any, labels: Sequence[str]) -> int:
    """Return the index of the padding token, which transformers' CTC tokenizers use as the blank."""
    if tokenizer.pad_token not in labels:
        raise SuiteError(
            f"model '{checkpoint.name}': the blank '{tokenizer.pad_token}' is not in the labels; the tokenizer's "
            f"padding token is the blank and must be one of the {len(labels)} labels; correct tokenizer_config.json"
        )
    return labels.index(tokenizer.pad_token)
