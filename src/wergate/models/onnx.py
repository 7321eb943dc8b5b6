"""Reference model in an ONNX file, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from wergate.errors import SuiteError, VocabularySizeError
from wergate.models.labels import read_alphabet
from wergate.models.onnx_file import OnnxFile, float32_bytes, gathered
from wergate.models.written_labels import written_labels
from wergate.networks.alphabet import Alphabet
from wergate.networks.frontend import Frontend
from wergate.networks.geometry import measure_geometry
from wergate.networks.ir.conversion import convert_onnx
from wergate.networks.signature import Ports, Signature, match_signature
from wergate.recognizers.base import Recognizer
from wergate.recognizers.onnx import OnnxRecognizer, onnx_ports


class OnnxModel:
    """A CTC network in an ONNX file; nothing is loaded before a method needs it."""

    engine = "onnxruntime"
    packages = ("onnxruntime", "openvino")
    revision: str | None = None
    random = False

    def __init__(self, file: OnnxFile) -> None:
        """Set the file, as `open_onnx` returns it."""
        self._file = file
        self.name = file.name
        self.digest = file.digest
        self.weight_bytes = file.weight_bytes

    @cached_property
    def float32_bytes(self) -> int:
        """See `ReferenceModel.float32_bytes`."""
        return float32_bytes(self._file)

    @property
    def notes(self) -> Sequence[str]:
        """See `ReferenceModel.notes`."""
        return self._file.notes

    @property
    def processor_files(self) -> Mapping[str, Path]:
        """See `ReferenceModel.processor_files`."""
        return self._file.processor_files

    def frontend(self) -> Frontend:
        """Return features and alphabet from the files, and the measured frame geometry.

        Raises:
            SuiteError: the labels, inputs or outputs do not match, or the frame counts do not follow the formula.
        """
        return self._frontend

    @cached_property
    def _frontend(self) -> Frontend:
        network = onnx_ports(self._file.path)
        alphabet, matched = self._matched(network)
        rate = self._file.sampling_rate

        def count_frames(samples: int) -> int:
            output = network.run(matched.feed(np.zeros((1, samples), np.float32)))[matched.output]
            return int(matched.logits(output).shape[1])

        def count_or_zero(samples: int) -> int:
            try:
                return count_frames(samples)
            except SuiteError:  # some networks fail on too few samples, others give no frame
                return 0

        count_frames(rate)  # if the network fails on a second of audio, its error has the runtime's reason
        measured = measure_geometry(count_or_zero, sampling_rate=rate, source=network.source)
        return Frontend(
            sampling_rate=rate,
            normalize=self._file.normalize_audio,
            receptive_field=measured.receptive_field,
            hop=measured.hop,
            alphabet=alphabet,
            shortest=measured.shortest,
        )

    def _matched(self, network: Ports) -> tuple[Alphabet, Signature]:
        """Return the labels and the signature; a logit more than the file has labels may be the blank's."""
        files, options = self._file.labels, self._file.options.labels
        count = len(files.read())
        try:
            matched = match_signature(network, count)
        except VocabularySizeError as error:
            if error.found != count + 1:
                raise
            alphabet = read_alphabet(files, options, outputs=error.found)
            return alphabet, match_signature(network, len(alphabet.labels))
        return read_alphabet(files, options), matched

    def written_labels(self) -> Mapping[int, str]:
        """See `ReferenceModel.written_labels`."""
        return written_labels(self._file.labels.labels)

    def convert(self, path: Path) -> None:
        """Write the IR, with weights in half precision and the inputs and outputs of the file.

        Raises:
            SuiteError: OpenVINO cannot read the file.
        """
        with TemporaryDirectory(dir=path.parent) as folder:
            convert_onnx(gathered(self._file, Path(folder)), path, name=self.name)

    def onnx(self, folder: Path) -> Path:
        """See `ReferenceModel.onnx`."""
        return gathered(self._file, folder)

    def recognizer(self, frontend: Frontend) -> Recognizer:
        """See `ReferenceModel.recognizer`."""
        return OnnxRecognizer(self._file.path, frontend)

    def release(self) -> None:
        """Do nothing: the recognizer has the weights."""
