"""The arrows of the design: who may import whom, in every module and inside every function."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WERGATE = ROOT / "src" / "wergate"


@dataclass(frozen=True)
class Import:
    """One import statement's module, where it stands, and whether only a type checker follows it."""

    module: str
    file: str
    for_types: bool


def imports(folder: str) -> list[Import]:
    """Return every import below a folder, function-level ones included."""
    return [found for path in sorted((ROOT / folder).rglob("*.py")) for found in _imports_of(path)]


def _imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {id(node) for block in ast.walk(tree) if _is_type_checking(block) for node in ast.walk(block)}
    file = str(path.relative_to(ROOT))
    for node in ast.walk(tree):
        for module in _modules(node):
            yield Import(module, file, id(node) in for_types)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:  # a relative import cannot leave its package
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def importers(package: str, folder: str = "src") -> set[str]:
    """Return the files that import a package when they run."""
    wanted = (package, package + ".")
    found = imports(folder)
    return {i.file for i in found if not i.for_types and (i.module == wanted[0] or i.module.startswith(wanted[1]))}


def files(*names: str) -> set[str]:
    """Return modules of wergate as paths."""
    return {f"src/wergate/{name}.py" for name in names}


@dataclass(frozen=True)
class Layer:
    """A package and the only modules of `src` that may import it."""

    package: str
    allowed: set[str]


OPENVINO = (
    "convert",
    "quantize",
    "ir",
    "ir_work",
    "layer_runs",
    "quantized_layers",
    "hardware_limit",
    "recognizers/bucketed",
    "recognizers/compiled_store",
    "recognizers/openvino_ir",
    "recognizers/requests",
    "reference_models/onnx_model",
)
POT_DRIVER = {str(path.relative_to(ROOT)) for path in (ROOT / "src" / "pot_driver").glob("*.py")}
LAYERS = (
    Layer(
        "torch",
        files(
            "checkpoint",
            "convert",
            "onnx_export",
            "padding",
            "processor",
            "traceable",
            "recognizers/pytorch",
            "peers/pytorch_peers",
        ),
    ),
    Layer("matplotlib", files("curves", "sensitivity_plot", "peers/plot")),
    Layer("transformers", files("checkpoint", "processor")),
    Layer("openvino", POT_DRIVER | files("accuracy_control", "weight_compression", *OPENVINO)),
    Layer("nncf", files("accuracy_control", "nncf_functions", "quantize", "weight_compression")),
    Layer("onnx", files("onnx_file")),
    Layer("onnxruntime", files("recognizers/onnx_runtime", "peers/onnx_files")),
    Layer("torchmetrics", files("wer")),
    Layer("jiwer", files("wer")),
    Layer("datasets", files("sources/hub_place")),
    Layer("huggingface_hub", files("hub", "hub_answers", "model_card", "sources/hub_place", "sources/hub_rows")),
    Layer("whisper_normalizer", files("normalize")),
    Layer("filelock", files("store", "transcripts")),
    Layer("pytest", set()),
    Layer("_pytest", set()),
    Layer("hypothesis", set()),
    Layer("fixtures", set()),
    Layer("accuracy", set()),
    Layer("benchmarks", set()),
    Layer("tests", set()),
)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.package)
def test_only_these_modules_import_it(layer: Layer) -> None:
    """A heavy package, and everything above `src`, stays behind the modules that are named."""
    assert set() == importers(layer.package) - layer.allowed
    assert all((ROOT / name).is_file() for name in layer.allowed)


@pytest.mark.parametrize("folder", ["accuracy", "benchmarks", "tests"])
def test_test_folders_do_not_import_one_another(folder: str) -> None:
    """Gates, benchmarks and the suite's own tests stand side by side."""
    others = {"accuracy", "benchmarks", "tests"} - {folder}
    assert set() == {found for other in others for found in importers(other, folder)}


@pytest.mark.parametrize("folder", ["accuracy", "fixtures"])
def test_what_states_the_gates_imports_no_library(folder: str) -> None:
    """The gates and their fixtures reach models through wergate alone."""
    heavy = ("torch", "transformers", "openvino", "nncf", "torchmetrics", "jiwer", "datasets")
    found = {name for package in heavy for name in importers(package, folder)}
    assert set() == {name for name in found if not name.startswith("fixtures/embedded/recipe/")}


def test_the_pot_driver_stands_alone() -> None:
    """What runs in the legacy environment finds nothing of ours or of PyTorch's there, and is reached as a command."""
    assert set() == {
        name for package in ("wergate", "torch", "fixtures") for name in importers(package, "src/pot_driver")
    }
    assert set() == importers("pot_driver", "src") - POT_DRIVER


def test_fixtures_do_not_import_what_uses_them() -> None:
    """The way of the data has one direction."""
    assert set() == {name for layer in ("accuracy", "benchmarks", "tests") for name in importers(layer, "fixtures")}


def test_the_walk_sees_imports_in_functions() -> None:
    """`nncf` is imported inside functions only, and is seen."""
    assert files("accuracy_control", "nncf_functions", "quantize", "weight_compression") == importers("nncf")


def test_no_module_shadows_a_library() -> None:
    """No module is named as a package that it could hide."""
    shadowing = {"datasets", "types", "logging", "torch", "openvino", "nncf", "transformers", "statistics"}
    assert set() == {path.stem for path in WERGATE.rglob("*.py")} & shadowing - {"statistics"}
    assert not (ROOT / "fixtures" / "datasets.py").exists()
