"""The hostile inputs, what each is, and what the suite answers. docs/security.md has a table of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import audio, caches, corpora, models


@dataclass(frozen=True)
class Hostile:
    """One hostile input.

    Attributes:
        kind: what kind of input it is, such as "audio".
        what: what it holds, in words.
        give: writes the input to an empty folder, and lets the suite read it.
        answer: words of the line that refuses it; empty if the suite accepts it safely.
        instead: what the suite does with an input that it accepts.
    """

    kind: str
    what: str
    give: Callable[[Path], object]
    answer: str
    instead: str = ""

    @property
    def id(self) -> str:
        """The id of its test."""
        return self.give.__name__


INPUTS = (
    Hostile("audio", "FLAC whose header says 2^31 samples", audio.flac_of_two_billion_samples, "lasts 134217.7 s"),
    Hostile(
        "audio",
        "FLAC whose header says 3 * 10^8 samples at 655,350 Hz",
        audio.flac_of_a_high_rate,
        "states 300000000 samples",
    ),
    Hostile("audio", "WAV whose header says 2^31 bytes", audio.wav_of_two_billion_samples, "cut short"),
    Hostile(
        "audio",
        "WAV whose header says 1,000 channels at 2^31 Hz",
        audio.wav_of_many_channels,
        "",
        "reads the few frames that are there",
    ),
    Hostile("audio", "chain of Ogg streams in one file", audio.chained_ogg, "chain of 2 Ogg streams"),
    Hostile("corpus", "name of 4,000 characters", corpora.long_path, "is missing"),
    Hostile("corpus", "name with a NUL", corpora.path_with_nul, "is missing"),
    Hostile("corpus", "path to an endless device", corpora.path_to_device, "is missing"),
    Hostile("corpus", "path upwards to a file of the system", corpora.path_upwards, "cannot be decoded"),
    Hostile("corpus", "link to itself", corpora.linked_recording, "is missing"),
    Hostile("corpus", "JSON lists 100,000 deep", corpora.deep_json, "is not JSON"),
    Hostile("corpus", "number of 5,000 digits", corpora.long_number, "is not JSON"),
    Hostile("corpus", "offset of 10^300 s", corpora.large_offset, "the part must lie within the recording"),
    Hostile("corpus", "CSV field of 1 MB", corpora.csv_of_one_field, "larger than field limit"),
    Hostile("corpus", "parquet that says 2^40 rows", corpora.parquet_of_many_rows, "cannot be"),
    Hostile("corpus", "parquet that says a footer of 4 GB", corpora.parquet_of_noise, "cannot be opened"),
    Hostile("corpus", "id of terminal commands (ANSI, OSC 52, CR, bidi)", corpora.id_of_commands, r"a\x1b[2J\x1b]52"),
    Hostile("suite file", "a million keys", corpora.suite_of_a_million_keys, "characters, and up to"),
    Hostile("suite file", "lists 100,000 deep", corpora.suite_of_deep_lists, "is not valid TOML"),
    Hostile("suite file", "dotted key of 20,000 parts", corpora.suite_of_deep_tables, "19999 dots in a line"),
    Hostile("suite file", "number of 5,000 digits", corpora.suite_of_long_number, "is not valid TOML"),
    Hostile("ONNX", "external data in a folder above", models.data_upwards, "outside its folder"),
    Hostile("ONNX", "external data at an absolute path", models.data_absolute, "outside its folder"),
    Hostile("ONNX", "external data with a NUL in its name", models.data_with_nul, "copy it there"),
    Hostile("ONNX", "external data with a name of 4,000 characters", models.data_with_long_name, "copy it there"),
    Hostile("ONNX", "external data that is a folder", models.data_of_a_folder, "copy it there"),
    Hostile("ONNX", "offset that is a word", models.data_with_word_offset, "a number of bytes is accepted"),
    Hostile("ONNX", "offset below 0", models.data_with_negative_offset, "a number of bytes is accepted"),
    Hostile(
        "ONNX",
        "external data behind a link out of the folder",
        models.data_linked,
        "",
        "follows the link, as in the hub's cache",
    ),
    Hostile("cache", "folder that everybody can write", caches.writable_by_all, "can be written by other users"),
    Hostile("cache", "link to such a folder", caches.linked_to_writable, "can be written by other users"),
    Hostile("labels", "JSON lists 100,000 deep", models.labels_of_lists, "is not JSON"),
    Hostile("labels", "id of 10^18", models.labels_with_large_ids, "have no label for id 1"),
    Hostile("checkpoint", "`auto_map` spelled with an escape", models.checkpoint_with_code, "is never run"),
    Hostile("checkpoint", "JSON lists 100,000 deep", models.checkpoint_of_deep_lists, "no readable config.json"),
    Hostile("checkpoint", "pickle named safetensors", models.weights_of_a_pickle, "header too large"),
    Hostile("checkpoint", "safetensors with a header of 2^60 bytes", models.weights_with_a_long_header, "too large"),
    Hostile("IR", "constant beyond the weights", models.ir_beyond_weights, "Incorrect weights"),
    Hostile("IR", "constant whose place overflows 64 bits", models.ir_with_overflow, "cannot be read"),
    Hostile("IR", "constant of 2^62 numbers in 16 bytes", models.ir_of_huge_shape, "numbers are accepted"),
    Hostile("IR", "operation that is its own input", models.ir_of_a_cycle, "cannot be read"),
    Hostile("IR", "id beyond 64 bits", models.ir_of_noise, "cannot be read"),
    Hostile("IR", "entities that grow to 10^9 characters", models.ir_of_entities, "", "expands no entity"),
    Hostile("IR", "entity of a system file", models.ir_with_file_entity, "", "expands no entity"),
)
