"""The arrows of the design: who may import whom, in every module and inside every function."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CAPTURED: dict[str, Any] = {"capture_output": True, "text": True}
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
    "networks/ir/attention",
    "networks/ir/conversion",
    "networks/ir/execution",
    "networks/ir/file",
    "networks/ir/layers",
    "networks/ir/padding",
    "networks/ir/work",
    "quantization/accuracy_control",
    "quantization/int8_weights",
    "quantization/nncf",
    "quantization/observations",
    "quantization/single_pass",
    "recognizers/bucketed",
    "recognizers/compiled_store",
    "recognizers/openvino",
    "studies/sensitivity/sample",
    "studies/throughput/hardware",
)
NNCF = (
    "quantization/accuracy_control",
    "quantization/int8_weights",
    "quantization/nncf",
    "quantization/single_pass",
)
CLI = {str(path.relative_to(ROOT)) for path in (WERGATE / "cli").glob("*.py")}
POT_DRIVER = {str(path.relative_to(ROOT)) for path in (ROOT / "src" / "pot_driver").glob("*.py")}
_DUEL_OPENVINO = ("__main__", "build", "network")
DUEL_DRIVER = {str(path.relative_to(ROOT)) for path in (ROOT / "src" / "duel_driver").glob("*.py")}
LAYERS = (
    Layer(
        "torch",
        files(
            "models/checkpoint",
            "models/processor",
            "networks/ir/conversion",
            "networks/ir/onnx_export",
            "networks/ir/padding",
            "networks/ir/tracing",
            "recognizers/pytorch",
            "studies/peers/pytorch",
        ),
    ),
    Layer("matplotlib", files("studies/growth/plot", "studies/peers/table", "studies/sensitivity/plot")),
    Layer("transformers", files("models/checkpoint", "models/processor")),
    Layer("openvino", POT_DRIVER | files(*OPENVINO) | {f"src/duel_driver/{name}.py" for name in _DUEL_OPENVINO}),
    Layer("nncf", files(*NNCF) | {"src/duel_driver/build.py"}),
    Layer("onnx", files("models/onnx_file")),
    Layer("onnxruntime", files("recognizers/onnx", "studies/peers/onnx")),
    Layer("torchmetrics", files("evaluation/wer")),
    Layer("jiwer", files("evaluation/wer")),
    Layer("datasets", files("corpora/sources/hub_location", "corpora/sources/saved")),
    Layer("huggingface_hub", files("corpora/sources/hub", "corpora/sources/hub_location", "hub", "report/export/card")),
    Layer("whisper_normalizer", files("evaluation/normalize")),
    Layer("ray", files("scale/cluster")),
    Layer("filelock", files("disk/lines", "store", "testing")),
    Layer("pytest", files("cli/pytest_call", "testing")),
    Layer("click", CLI),
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
    """The legacy environment has neither wergate nor PyTorch, so its driver imports none of them."""
    assert set() == {
        name for package in ("wergate", "torch", "fixtures") for name in importers(package, "src/pot_driver")
    }
    assert set() == importers("pot_driver", "src") - POT_DRIVER


def test_the_driver_of_a_side_stands_alone() -> None:
    """The environment of a side has neither wergate nor PyTorch; the duel imports its wire alone."""
    foreign = ("wergate", "torch", "pydantic", "soundfile", "fixtures")
    assert set() == {name for package in foreign for name in importers(package, "src/duel_driver")}
    assert set() == importers("duel_driver", "src") - DUEL_DRIVER - files("duel/worker")


def test_fixtures_do_not_import_what_uses_them() -> None:
    """The way of the data has one direction."""
    assert set() == {name for layer in ("accuracy", "benchmarks", "tests") for name in importers(layer, "fixtures")}


def test_the_walk_sees_imports_in_functions() -> None:
    """`nncf` is imported inside functions only, and is seen."""
    assert files(*NNCF) | {"src/duel_driver/build.py"} == importers("nncf")


def linted(root: Path) -> subprocess.CompletedProcess[str]:
    """Hold a copy of the sources to the contract of pyproject.toml."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.argv[0] = 'lint'; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    return subprocess.run(command, check=False, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, **CAPTURED)


UPWARD = (
    ("evaluation/wer.py", "wergate.gates.wer"),
    ("recognizers/base.py", "wergate.models.base"),
    ("gates/wer.py", "wergate.timing.paired"),
    ("store.py", "wergate.config.suite"),
    ("disk/files.py", "wergate.store"),
    ("studies/build_cost.py", "wergate.report.results"),
)


def test_the_layers_hold() -> None:
    """The arrows of the packages point one way, as pyproject.toml writes them down."""
    done = linted(ROOT / "src")
    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize(("file", "module"), UPWARD, ids=[file for file, _ in UPWARD])
def test_an_import_that_points_up_is_refused(file: str, module: str, tmp_path: Path) -> None:
    """An arrow against the layers, or between neighbours, breaks the contract, inside a function as well."""
    shutil.copytree(WERGATE, tmp_path / "wergate", ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "wergate" / file
    path.write_text(path.read_text() + f"\n\ndef _up() -> None:\n    import {module}\n")
    done = linted(tmp_path)
    assert 1 == done.returncode, done.stdout
    assert module in done.stdout


GROUND_MAX = 10


def test_the_house_is_in_order() -> None:
    """Few files on the ground, packages of more than one file, and no `__init__` that imports a module."""
    assert len(list(WERGATE.glob("*.py"))) <= GROUND_MAX
    packages = [path for path in WERGATE.rglob("*") if path.is_dir() and list(path.glob("*.py"))]
    assert [] == [package.name for package in packages if len(list(package.glob("*.py"))) < 3]  # its __init__ and two
    inits = [package / "__init__.py" for package in packages]
    assert [] == [str(path) for path in inits if any(_modules_of_ours(path))]


def _modules_of_ours(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    yield from (module for node in top for module in _modules(node) if module.startswith("wergate"))


def test_no_module_shadows_a_library() -> None:
    """No module is named as a package that it could hide: everywhere the three that mislead, on the path all."""
    everywhere = {"datasets", "types", "logging"}
    assert set() == {path.stem for path in WERGATE.rglob("*.py")} & everywhere
    libraries = everywhere | {"torch", "openvino", "nncf", "onnx", "transformers", "statistics", "subprocess"}
    on_the_path = {path.stem for folder in (ROOT, ROOT / "src", WERGATE) for path in folder.iterdir()}
    assert set() == on_the_path & libraries
    assert not (ROOT / "fixtures" / "datasets.py").exists()
