"""One package owns writing: `wergate.disk` syncs what it writes, and everything else writes through it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWNER = "src/wergate/disk/"
RECIPE = "fixtures/embedded/recipe/"
POT = "src/pot_driver/"
DUEL = "src/duel_driver/"

# Each entry is a file and a call; the reason of a group stands above it.
EXCEPTIONS = Counter(
    {
        # into the folder of an artifact, which `commit_folder` syncs
        ("src/wergate/evaluation/activations.py", "np.save"): 1,
        ("src/wergate/evaluation/reference_run.py", "open"): 1,
        ("src/wergate/networks/ir/conversion.py", "ov.save_model"): 1,
        ("src/wergate/quantization/legacy.py", "open"): 1,  # the log, which is moved to the artifact
        ("src/wergate/quantization/pot.py", "shutil.move"): 1,
        ("src/wergate/recognizers/stored_logits.py", "np.save"): 1,
        # into a temporary folder, for another process that reads it at once
        ("src/wergate/quantization/pot.py", "np.save"): 1,
        ("src/wergate/recognizers/subprocess/child.py", "open"): 1,
        ("src/wergate/recognizers/subprocess/messages.py", "np.savez"): 1,
        ("src/wergate/studies/portability/study.py", "np.save"): 1,
        ("src/wergate/studies/pot/runtimes.py", "np.save"): 1,
        # the driver of a side has no wergate; the folders are those of artifacts, and the rest is a pipe
        (f"{DUEL}build.py", "ov.save_model"): 2,
        (f"{DUEL}__main__.py", "os.fdopen"): 1,
        ("src/wergate/duel/own_ir.py", "np.savez"): 1,
        # into the temporary file of `replacing`, or a page of the help
        ("src/wergate/studies/growth/plot.py", "savefig"): 1,
        ("src/wergate/studies/peers/table.py", "savefig"): 1,
        ("src/wergate/studies/sensitivity/plot.py", "savefig"): 1,
        ("src/wergate/cli/options.py", "write_text"): 1,
        # the digest of this file dates its figures, so it keeps its own append; an incomplete line is not read
        ("src/wergate/studies/wer_verdicts/grid.py", "open"): 1,
        # a pipe
        ("src/wergate/recognizers/subprocess/serving.py", "os.fdopen"): 1,
        ("fixtures/progress.py", "os.fdopen"): 1,
        # an in-memory stream, to measure its length
        ("src/wergate/studies/peers/pytorch.py", "torch.save"): 1,
        # the driver of the legacy environment has no wergate, and writes to the folder of an artifact
        (f"{POT}__main__.py", "write_text"): 1,
        (f"{POT}engine.py", "save_model"): 1,
        (f"{POT}inference.py", "np.save"): 1,
        (f"{POT}quantization.py", "save_model"): 1,
        # the recipe makes the embedded model by hand, without wergate; git holds what it makes
        (f"{RECIPE}card.py", "write_text"): 1,
        (f"{RECIPE}corpus.py", "replace"): 1,
        (f"{RECIPE}engines.py", "write_text"): 1,
        (f"{RECIPE}network.py", "replace"): 1,
        (f"{RECIPE}network.py", "write_text"): 1,
        (f"{RECIPE}store.py", "np.savez"): 1,
        (f"{RECIPE}store.py", "open"): 1,
        (f"{RECIPE}store.py", "replace"): 1,
        (f"{RECIPE}train.py", "replace"): 1,
        (f"{RECIPE}train.py", "torch.save"): 1,
    }
)

_METHODS = {"write_text", "write_bytes", "rename", "savefig"}
_FUNCTIONS = {
    *("os.rename", "os.renames", "os.replace", "shutil.move", "json.dump", "torch.save"),
    *("np.save", "np.savez", "np.savez_compressed", "ov.save_model", "save_model"),
}
_FLAGS = ("O_WRONLY", "O_RDWR", "O_APPEND")
_OPENERS = {"open", "io.open", "os.fdopen", "gzip.open"}  # with the mode as their second argument


def writes(source: str) -> Iterator[str]:
    """Yield the calls of a module that write files or rename them: `module.function`, or the method's name alone."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            if _is_writing_function(node, function):
                yield function
            elif isinstance(node.func, ast.Attribute) and _is_writing_method(node, function, node.func.attr):
                yield node.func.attr


def _is_writing_function(call: ast.Call, name: str) -> bool:
    if name == "os.open":
        return any(flag in ast.unparse(call) for flag in _FLAGS)
    return name in _FUNCTIONS or (name in _OPENERS and _writes(call, 1))


def _is_writing_method(call: ast.Call, name: str, method: str) -> bool:
    if method == "open":
        return name not in {*_OPENERS, "os.open"} and _writes(call, 0)
    if method == "replace":  # that of a text has two arguments, and that of a dataclass has names
        return len(call.args) == 1 and not call.keywords
    return method in _METHODS


def _writes(call: ast.Call, position: int) -> bool:
    """Return whether a file is opened for writing; a mode that is computed counts, if it is surely a mode."""
    first = [
        argument for argument in call.args[position : position + 1] if position or isinstance(argument, ast.Constant)
    ]
    given = [*first, *(word.value for word in call.keywords if word.arg == "mode")]
    modes = [mode.value if isinstance(mode, ast.Constant) else "w" for mode in given]
    return any(set("wax+") & set(str(mode)) for mode in modes)


def found(*folders: str) -> Counter[tuple[str, str]]:
    """Count the writes of each file of these folders, except for those of the owner."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    names = {path: str(path.relative_to(ROOT)) for path in paths}
    return Counter(
        (name, write)
        for path, name in names.items()
        if not name.startswith(OWNER)
        for write in writes(path.read_text(encoding="utf-8"))
    )


def test_everything_writes_through_one_package() -> None:
    """A write outside of `wergate.disk` is a named exception, and no exception is left over."""
    assert found("src", "fixtures") == EXCEPTIONS


WRITES = (
    *(
        "open('f', 'w')",
        "open(file, mode='ab')",
        "open(file, mode)",
        "io.open(path, 'wb')",
        "os.fdopen(1, 'w')",
        "os.open(path, os.O_RDWR)",
    ),
    *("path.open('x')", "path.open('r+')", "path.open(mode=mode)", "path.write_text('')", "path.write_bytes(b'')"),
    *("os.replace(a, b)", "os.rename(a, b)", "path.rename(b)", "path.replace(b)", "shutil.move(a, b)"),
    *("np.save(path, x)", "np.savez(path, x)", "json.dump(x, stream)", "torch.save(x, path)", "figure.savefig(path)"),
)
READS = (
    *(
        "path.open()",
        "path.open('rb')",
        "open('war')",
        "open(path, encoding='ascii')",
        "zipped.open(name)",
        "os.open(path, os.O_RDONLY)",
    ),
    *("text.replace('a', 'b')", "replace(row, name=1)", "dataclasses.replace(row, name=1)", "json.dumps(x)"),
)


@pytest.mark.parametrize("line", WRITES)
def test_the_walk_sees_each_kind_of_write(line: str) -> None:
    """Also in methods."""
    assert 1 == len(list(writes(f"class A:\n    def f():\n        {line}")))


@pytest.mark.parametrize("line", READS)
def test_the_walk_takes_no_read_for_a_write(line: str) -> None:
    """Texts and dataclasses have a `replace` too, and files are opened for reading."""
    assert [] == list(writes(line))
