"""Stale evidence: a store and a transcripts file of one version of the code, used by another version.

Each edit changes a line of a copy of the package on disk. Both versions then use what the other one wrote, and each
must give the figures that it gives with an empty store and no file.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from tests.mutations.fault import resign
from tests.mutations.package_copy import Transcription, copied_package, edit, transcribe
from tests.support.once import once
from tests.support.tiny import Tiny

UTTERANCES = 4
SWAPPED = 'str.maketrans("AE", "EA")'


@dataclass(frozen=True)
class Edit:
    """An edit of the source code.

    Attributes:
        module: path in the package.
        old: text that the module has once.
        new: text in its place.
        visible: whether the figures of the tiny corpus differ.
    """

    module: str
    old: str
    new: str
    visible: bool = True


EDITS = (
    Edit("models/processor.py", "return tuple(str(token) for", f"return tuple(str(token).translate({SWAPPED}) for"),
    Edit(
        "models/checkpoint.py",
        "evaluated: PreTrainedModel = model.eval()",
        "evaluated = model.eval().requires_grad_(False); evaluated.lm_head.weight *= -1",
    ),
    Edit("networks/frontend.py", "samples.var() + _VARIANCE_FLOOR", "4 * samples.var() + _VARIANCE_FLOOR"),
    Edit(
        "networks/alphabet.py",
        "self._formatted(joined.strip())",
        f"self._formatted(joined.strip()).translate({SWAPPED})",
    ),
    Edit(
        "networks/signature.py",
        'np.array(frames_major, dtype=np.float32, order="C")',
        "-np.array(frames_major, dtype=np.float32)",
    ),
    Edit(
        "networks/ir/conversion.py",
        "export(model: PreTrainedModel, path: Path, *, half: bool = True)",
        "export(model: PreTrainedModel, path: Path, *, half: bool = False)",
    ),
    Edit(
        "recognizers/openvino.py",
        "features(self.frontend, waveforms)[:,",
        "0.99 * features(self.frontend, waveforms)[:,",
        visible=False,  # the dynamic model runs the probe alone
    ),
    Edit(
        "recognizers/bucketed.py",
        "padded[:, :used] = features(",
        "padded[:, :used] = 0.99 * features(",
    ),
    Edit(
        "recognizers/buckets.py",
        "lengths, counts = np.unique(short",
        "lengths, counts = np.unique(short + 1600",
        visible=False,
    ),
    Edit("recognizers/pytorch.py", "np.asarray(output.float().numpy()", "np.asarray(-output.float().numpy()"),
    Edit("corpora/audio.py", "samples = np.ascontiguousarray(mono,", "samples = np.ascontiguousarray(mono[::-1],"),
    Edit("evaluation/inference.py", "greedy_decode(logits, alphabet),", "greedy_decode(-logits, alphabet),"),
    Edit("evaluation/reference_run.py", "hypothesis = greedy_decode(logits,", "hypothesis = greedy_decode(-logits,"),
    Edit(
        "evaluation/normalize.py",
        "return collapse_spaces(self.rule(text))",
        'return collapse_spaces(self.rule(text).replace("A", ""))',
    ),
)


@dataclass(frozen=True)
class Version:
    """A version of the code, the folder that it has filled, and its figures."""

    source: Path
    folder: Path
    found: Transcription
    variant: str = "fp16"


def version(folder: Path, tiny: Tiny, *edits: Edit, variant: str = "fp16") -> Version:
    """Copy the package, edit it, and transcribe with an empty store and no file."""
    source = copied_package(folder / "src")
    for each in edits:
        edit(source, each.module, each.old, each.new)
    return Version(source, folder / "run", transcribe(source, tiny, folder / "run", variant=variant), variant)


@pytest.fixture(scope="module")
def honest(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Version:
    """The code without an edit."""
    return once(tmp_path_factory, "honest-version", lambda folder: version(folder, tiny))


def require_no_stale_figure(first: Version, second: Version, tiny: Tiny, folder: Path, *, resumed: int = 0) -> None:
    """Run the second version on what the first one wrote, and check that all figures are its own."""
    shutil.copytree(first.folder, folder)
    found = transcribe(second.source, tiny, folder, variant=second.variant)
    assert (second.found.outcomes, second.found.wer, resumed) == (found.outcomes, found.wer, found.resumed)


@pytest.mark.parametrize("change", EDITS, ids=lambda change: change.module)
def test_an_edit_makes_figures_of_before_stale(change: Edit, honest: Version, tiny: Tiny, tmp_path: Path) -> None:
    """Neither version uses a figure of the other one."""
    edited = version(tmp_path, tiny, change)
    figures = [(each.found.outcomes, each.found.wer) for each in (honest, edited)]
    assert (figures[0] != figures[1]) == change.visible
    require_no_stale_figure(honest, edited, tiny, tmp_path / "forth")
    require_no_stale_figure(edited, honest, tiny, tmp_path / "back")


def test_an_edit_of_the_quantizer_makes_figures_of_int8_stale(tiny: Tiny, tmp_path: Path) -> None:
    """The edit calibrates on every second sample, so the INT8 IR itself is another one."""
    module, old = "quantization/nncf.py", "frontend.features(utterance.waveform.samples)"
    change = Edit(module, old, "frontend.features(utterance.waveform.samples[::2].copy())")
    honest, edited = (version(tmp_path / str(len(edits)), tiny, *edits, variant="int8") for edits in ((), (change,)))
    assert honest.found.outcomes != edited.found.outcomes
    require_no_stale_figure(honest, edited, tiny, tmp_path / "forth")
    require_no_stale_figure(edited, honest, tiny, tmp_path / "back")


def test_the_same_code_uses_all_figures_of_before(honest: Version, tiny: Tiny, tmp_path: Path) -> None:
    """Without an edit, every utterance comes from the file, whatever folder the code is in."""
    same = Version(copied_package(tmp_path / "src"), honest.folder, honest.found)
    require_no_stale_figure(honest, same, tiny, tmp_path / "run", resumed=UTTERANCES)


@pytest.mark.parametrize(("package", "module"), [("networks", "networks/alphabet.py"), ("corpora", "corpora/audio.py")])
def test_these_tests_see_a_digest_that_leaves_out_a_package(
    package: str, module: str, tiny: Tiny, tmp_path: Path
) -> None:
    """If the digest of the code ignores a package, an edit in it gives a stale figure."""
    (change,) = (each for each in EDITS if each.module == module)
    old = "if first == _PACKAGE else None"
    ignoring = Edit("environment/digest.py", old, f'if first == _PACKAGE and "{package}" not in rest[:1] else None')
    first = version(tmp_path / "first", tiny, ignoring)
    second = version(tmp_path / "second", tiny, ignoring, change)
    with pytest.raises(AssertionError):
        require_no_stale_figure(first, second, tiny, tmp_path / "forth")


SETTINGS = {"inference_precision": '"bf16"', "shapes": '"dynamic"', "buckets__most": "1", "buckets__fused": "false"}


@pytest.mark.parametrize("key", SETTINGS)
def test_another_setting_makes_transcripts_stale(key: str, honest: Version, tiny: Tiny, tmp_path: Path) -> None:
    """Settings that change logits are part of the key of a line."""
    shutil.copytree(honest.folder, tmp_path / "run")
    assert 0 == transcribe(honest.source, tiny, tmp_path / "run", **{key: SETTINGS[key]}).resumed


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA", "MKL_CBWR"])
def test_another_variable_makes_figures_stale(
    variable: str, honest: Version, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables of threads and instruction sets are part of the keys of lines and of the reference run."""
    monkeypatch.setenv(variable, "2")
    shutil.copytree(honest.folder, tmp_path / "run")
    found = transcribe(honest.source, tiny, tmp_path / "run")
    assert 0 == found.resumed
    assert "reference-run" not in found.found


@pytest.mark.parametrize("package", ["openvino", "torch", "numpy", "soxr"])
def test_another_version_makes_figures_stale(
    package: str, honest: Version, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions of the packages that make logits are part of the keys."""
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "99.0" if name == package else installed(name))
    shutil.copytree(honest.folder, tmp_path / "run")
    found = transcribe(honest.source, tiny, tmp_path / "run")
    assert 0 == found.resumed
    assert ("reference-run" in found.found) == (package == "openvino")


def test_edited_labels_make_transcripts_stale(honest: Version, tiny: Tiny, tmp_path: Path) -> None:
    """Two letters swapped in the stored frontend, with a matching checksum, are part of the key of a line."""
    shutil.copytree(honest.folder, tmp_path / "run")
    (artifact,) = (tmp_path / "run" / "cache" / "fp16-ir").iterdir()
    frontend = json.loads((artifact / "frontend.json").read_text(encoding="utf-8"))
    labels = frontend["alphabet"]["labels"]
    labels[5], labels[6] = labels[6], labels[5]
    (artifact / "frontend.json").write_text(json.dumps(frontend), encoding="utf-8")
    resign(artifact)
    found = transcribe(honest.source, tiny, tmp_path / "run")
    assert 0 == found.resumed
    assert found.outcomes != honest.found.outcomes
