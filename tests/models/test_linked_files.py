"""Files of the hub client's cache: links whose targets have other names, in another folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.networks import Spelling
from wergate.errors import SuiteError
from wergate.models.candidates import find_candidate
from wergate.models.checkpoint import resolve_checkpoint
from wergate.models.onnx import OnnxModel
from wergate.models.onnx_file import OnnxOptions, open_onnx
from wergate.networks.ir.execution import graph_counts
from wergate.recognizers.openvino import OpenVinoRecognizer

LABELS = "<blk> 0\n<space> 1\na 2\nb 3\nc 4\n"
COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an ONNX file, its data in a file of its own, its labels, and its IR."""
    import onnx
    from onnx.external_data_helper import convert_model_to_external_data

    folder = tmp_path_factory.mktemp("real") / "net"
    folder.mkdir()
    (folder / "tokens.txt").write_text(LABELS)
    path = Spelling(5).export(folder / "model.onnx")
    proto = onnx.load(path)
    convert_model_to_external_data(proto, location="model.onnx_data", size_threshold=0)
    onnx.save(proto, path)
    OnnxModel(open_onnx(path, OnnxOptions())).convert(folder / "openvino_model.xml")
    return folder


def cached(source: Path, folder: Path, below: str = "") -> Path:
    """Put files into a cache as the hub's client does, and return the folder of the snapshot's links."""
    repository = folder / "models--org--speech"
    snapshot = repository / "snapshots" / COMMIT / below
    (repository / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, path in enumerate(sorted(source.iterdir())):
        blob = repository / "blobs" / f"{number:040d}"
        shutil.copy(path, blob)
        (snapshot / path.name).symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


def each_linked(source: Path, folder: Path) -> Path:
    """Link each file to one of another folder, under its own name."""
    folder.mkdir(exist_ok=True)
    for path in source.iterdir():
        (folder / path.name).symlink_to(path)
    return folder


PLACES: dict[str, Callable[[Path, Path], Path]] = {
    "snapshot": cached,
    "folder of a snapshot": lambda source, folder: cached(source, folder, "onnx"),
    "links to a folder": each_linked,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("hard_links", [True, False], ids=["hard links", "copies"])
def test_an_onnx_file_with_linked_data_runs_and_is_converted(
    place: str, hard_links: bool, real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its IR gives the same logits, nothing else is left in the folder of the IR, and the links stay."""
    if not hard_links:
        monkeypatch.setattr(os, "link", _no_link)
    path = PLACES[place](real, tmp_path / "cache") / "model.onnx"
    model, plain = (OnnxModel(open_onnx(file, OnnxOptions())) for file in (path, real / "model.onnx"))
    assert plain.digest == model.digest
    (tmp_path / "ir").mkdir()
    model.convert(tmp_path / "ir" / "model.xml")
    assert ["model.bin", "model.xml"] == sorted(path.name for path in (tmp_path / "ir").iterdir())
    frontend = model.frontend()
    waveforms = Spelling(5).waveform([2, 3, 4, 1, 2])[None]
    expected = plain.recognizer(frontend).logits(waveforms)
    np.testing.assert_array_equal(expected, model.recognizer(frontend).logits(waveforms))
    found = OpenVinoRecognizer(tmp_path / "ir" / "model.xml", frontend, device="CPU", inference_precision="f32")
    np.testing.assert_array_equal(expected.argmax(-1), found.logits(waveforms).argmax(-1))
    assert path.is_symlink()
    usable = model.onnx(tmp_path / "ir")
    assert not (usable.parent / "model.onnx_data").is_symlink()


def _no_link(*_: object) -> None:
    raise OSError


def test_data_named_outside_the_folder_is_refused_in_a_snapshot_too(real: Path, tmp_path: Path) -> None:
    """Files that a file names must be below its folder, and may be links."""
    import onnx

    snapshot = cached(real, tmp_path)
    proto = onnx.load(snapshot / "model.onnx", load_external_data=False)
    blob = os.path.relpath((snapshot / "model.onnx_data").resolve(), snapshot)
    for tensor in proto.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = blob
    (snapshot / "model.onnx").unlink()
    (snapshot / "model.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(SuiteError, match=r"refers to external data '.*blobs.*' outside its folder"):
        open_onnx(snapshot / "model.onnx", OnnxOptions())


@pytest.mark.parametrize(
    ("place", "name"), [("snapshot", "speech"), ("folder of a snapshot", "onnx"), ("links to a folder", "mine")]
)
@pytest.mark.parametrize("given", ["file", "folder"])
def test_a_linked_candidate_has_its_name_and_weights(
    given: str, place: str, name: str, real: Path, tmp_path: Path
) -> None:
    """The name is that of its folder or repository; the weights are in the folder of the link."""
    folder = PLACES[place](real, tmp_path / "mine")
    found, path = find_candidate(str(folder / "openvino_model.xml" if given == "file" else folder))
    assert (name, folder / "openvino_model.xml") == (found, path)
    assert graph_counts(real / "openvino_model.xml") == graph_counts(path)


def test_a_link_to_the_xml_alone_is_followed(real: Path, tmp_path: Path) -> None:
    """The weights are in the folder of the target."""
    (tmp_path / "openvino_model.xml").symlink_to(real / "openvino_model.xml")
    assert ("net", real / "openvino_model.xml") == find_candidate(str(tmp_path / "openvino_model.xml"))


def test_a_checkpoint_in_a_snapshot_has_its_repositorys_name(tmp_path: Path) -> None:
    """Not the commit's; the error on a folder that is not a checkpoint names it."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "vocab.json").write_text("{}")
    with pytest.raises(SuiteError, match=r"model 'speech' has no readable config.json"):
        resolve_checkpoint(str(cached(tmp_path / "files", tmp_path)), tmp_path)
