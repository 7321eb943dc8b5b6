"""A full cache directory: one line, and no artifact that a later run would use."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.forked import environment
from tests.support.suite_run import ROOT, run
from tests.support.tiny import Tiny

SAVE = """
    import resource, sys
    from pathlib import Path
    from wergate.networks.ir.conversion import save_ir  # before openvino, whose telemetry it refuses
    from wergate.errors import SuiteError
    import numpy as np
    import openvino as ov
    import openvino.opset13 as op

    size, limit = int(sys.argv[2]), int(sys.argv[3])
    rows = op.parameter([-1, size], ov.Type.f32)
    weights = np.random.default_rng(1).normal(size=(size, size)).astype(np.float32)
    model = ov.Model([op.matmul(rows, op.constant(weights), False, False)], [rows])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        save_ir(model, Path(sys.argv[1]))
    except SuiteError as error:
        print(error)
"""
RUN = """
    import resource, sys
    import pytest

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
    sys.exit(pytest.main(sys.argv[2:]))
"""


def limited(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own that may not write large files."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=ROOT,
        env=environment() | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Cut:
    """A square weight matrix in half precision, and the size that no file may exceed."""

    id: str
    size: int
    limit: int


CUTS = (
    Cut("nothing fits", 256, 0),
    Cut("the start of the weights", 256, 10_000),
    Cut("half of the weights", 256, 256 * 256),
    Cut("all but a byte of the weights", 256, 256 * 256 * 2 - 1),
    Cut("all but the end of the graph", 4, 1000),
    Cut("the weights, but not the graph", 4, 100),
)


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.id)
def test_an_ir_that_does_not_fit_is_noticed(cut: Cut, tmp_path: Path) -> None:
    """Wherever the files are cut, one line says so."""
    done = limited(SAVE, str(tmp_path / "model.xml"), str(cut.size), str(cut.limit))
    assert 1 == len(done.stdout.splitlines()), done.stdout
    assert "IR 'model.xml' could not be saved completely" in done.stdout


def test_an_ir_that_fits_is_saved(tmp_path: Path) -> None:
    """With room for both files the run prints no error."""
    assert "" == limited(SAVE, str(tmp_path / "model.xml"), "256", str(256 * 256 * 4)).stdout
    assert 256 * 256 * 2 == (tmp_path / "model.bin").stat().st_size


def test_a_run_on_a_full_disk_is_told_and_the_next_one_works(tiny: Tiny, tmp_path: Path) -> None:
    """One line with the directory and the option, no traceback; with room again, everything is built."""
    suite, cache = tiny.suite(tmp_path / "mine.toml"), tmp_path / "cache"
    options = ["--suite", str(suite), "--cache-dir", str(cache), "--precisions", "fp16"]
    done = limited(RUN, "20000", "accuracy/test_wer.py", "-p", "no:cacheprovider", *options)
    assert 0 != done.returncode
    assert "Traceback" not in done.stdout
    errors = [line for line in done.stdout.splitlines() if "--cache-dir DIR" in line]
    (line,) = {line.rpartition("ERROR: ")[2] for line in errors}  # under CI pytest's closing summary has it once more
    assert str(cache) in line
    assert [] == [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    after = run(["accuracy/test_wer.py"], *options, results=tmp_path / "results.json")
    assert (0, 1) == (after.code, after.built("fp16-ir")), after.output
    assert "DamagedArtifactWarning" not in after.output
