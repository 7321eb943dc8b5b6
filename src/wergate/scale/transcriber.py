"""The compiled models of a worker: those buckets of the run that its shards need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from wergate.config.suite import SuiteConfig
from wergate.corpora.corpus import Utterance
from wergate.evaluation.inference import Inferred, infer
from wergate.models.variant import Variant
from wergate.networks.frontend import frontend_of
from wergate.progress import silent
from wergate.recognizers.base import Recognizer
from wergate.recognizers.bucketed import BucketedRecognizer
from wergate.recognizers.buckets import Buckets
from wergate.recognizers.openvino import OpenVinoRecognizer
from wergate.scale.messages import Blobs, Opening, ShardOrder, unpacked
from wergate.session.memo import Memo, Resources
from wergate.session.recognizers import Recognizers
from wergate.store import Store


class Transcriber:
    """Transcribes shards as one process would that runs the whole corpus."""

    def __init__(self, opening: Opening, path: Path, store: Store) -> None:
        """Take an IR; it is compiled when a shard needs it.

        Args:
            opening: the run.
            path: the `.xml`, with its `.bin` in the same folder.
            store: keeps compiled models.
        """
        config = SuiteConfig.model_validate_json(opening.config)
        self._variant = _variant(opening, config, path)
        self._recognizers = Recognizers(config, Resources(store, silent, Memo()))
        self._buckets = Buckets(opening.lengths or ())
        self._compiled: dict[int, BucketedRecognizer] = {}

    def __call__(self, order: ShardOrder, blobs: Blobs) -> Iterator[Inferred]:
        """Yield the outcomes of a shard's utterances, in its order.

        Raises:
            SuiteError: an utterance cannot be decoded, or the IR does not fit the reference model.
        """
        rate = self._variant.frontend.sampling_rate
        arrived = [unpacked(*one, rate) for one in zip(order.speech, blobs[::2], blobs[1::2], strict=True)]
        reference = {utterance.id: expected for utterance, expected in arrived}
        found: dict[str, Inferred] = {}
        for length, utterances in self._by_length([utterance for utterance, _ in arrived]).items():
            alphabet, subject = self._variant.frontend.alphabet, self._variant.subject
            recognizer = self._recognizer(length)
            for one in infer(recognizer, utterances, reference, alphabet=alphabet, subject=subject):
                found[one.outcome.id] = one
        yield from (found[one.id] for one in order.speech)

    def _by_length(self, utterances: Sequence[Utterance]) -> dict[int | None, list[Utterance]]:
        """Return the utterances by bucket; the driver grouped them by the durations in their headers."""
        found: dict[int | None, list[Utterance]] = {}
        for utterance in utterances:
            used = self._variant.frontend.used_samples(len(utterance.waveform.samples))
            found.setdefault(self._buckets.of(used), []).append(utterance)
        return found

    def _recognizer(self, length: int | None) -> Recognizer:
        """Return the recognizer of a bucket, or the one for any length."""
        if length is None:
            return self._dynamic()
        if length not in self._compiled:
            self._compiled[length] = self._recognizers.in_lengths(self._variant, Buckets((length,)), self._dynamic)
        return self._compiled[length]

    def _dynamic(self) -> OpenVinoRecognizer:
        return self._recognizers.dynamic(self._variant)


def _variant(opening: Opening, config: SuiteConfig, path: Path) -> Variant:
    precision = "fp16" if opening.precision == "fp16" else "int8"
    return Variant(
        model=opening.model,
        name=opening.name,
        path=path,
        frontend=frontend_of(opening.frontend, "the driver's frontend"),
        is_candidate=opening.is_candidate,
        precision=precision,  # type: ignore[arg-type]
        thresholds=config.settings_of(opening.model).thresholds.of(precision),  # type: ignore[arg-type]
        label=opening.label,
        subject=opening.subject,
    )
