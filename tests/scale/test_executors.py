"""`--executor`: accepted names, mistakes in one line, and no Ray where it is not asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wergate.environment import extras
from wergate.errors import SuiteError
from wergate.scale import cluster
from wergate.scale.executors import executor_of, require_executor

ROOT = Path(__file__).parents[2]
SENTINEL = "raise RuntimeError('Ray was imported')"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ray count as installed."""
    monkeypatch.setattr(cluster, "is_installed", lambda _: True)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("spec", [None, "ray", "ray:10.0.0.1:6379", "ray:head.local:6379", "ray:[::1]:6379"])
def test_names_and_addresses_are_accepted(spec: str | None) -> None:
    """No executor, Ray on this machine, and Ray at an address."""
    require_executor(spec)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("spec", ["rey", "dask", "ray:", "ray:6379", "ray:host", "ray:host:port", "ray:a b:1", ""])
def test_others_are_refused_in_one_line(spec: str) -> None:
    """The line says which value is wrong and what is accepted."""
    with pytest.raises(SuiteError, match="accepted: ray for the cluster of this machine, or ray:HOST:PORT") as error:
        require_executor(spec)
    assert f"--executor '{spec}' is unknown" in str(error.value)
    assert ("did you mean 'ray'" in str(error.value)) == (spec == "rey")


def test_a_missing_ray_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the extra that installs it."""
    monkeypatch.setattr(cluster, "is_installed", lambda _: False)
    with pytest.raises(SuiteError, match=r"needs Ray, which is not installed; run pip install 'wergate\[ray\]'"):
        require_executor("ray")
    assert "ray" == extras.EXTRAS["ray"]


def test_a_run_refuses_an_unknown_executor(tmp_path: Path) -> None:
    """The run ends with the code of a broken set-up before anything is built."""
    command = [sys.executable, "-m", "pytest", "accuracy", "-p", "no:cacheprovider", "--executor", "rey"]
    command += ["--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert 13 == done.returncode, done.stdout
    assert "--executor 'rey' is unknown (did you mean 'ray'?)" in done.stderr


def test_nothing_of_ray_is_imported_without_an_executor(tmp_path: Path) -> None:
    """The imports of a plain run work although those of `ray` fail, and an executor fails."""
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").write_text(SENTINEL)
    plain = (
        "import fixtures.options, fixtures.session, wergate.cli.main, wergate.session.session\n"
        "from wergate.scale.executors import executor_of, require_executor\n"
        "require_executor({spec}); assert executor_of(None) is None\n"
        "from wergate.scale.cluster import Cluster\n"
    )
    paths = os.pathsep.join([str(tmp_path), str(ROOT / "src"), str(ROOT)])

    def run(code: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": paths}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)

    without = run(plain.format(spec="None"))
    assert 0 == without.returncode, without.stderr
    joined = run(plain.format(spec="'ray'") + "Cluster('')")
    assert "Ray was imported" in joined.stderr


def test_no_executor_is_this_process() -> None:
    """The session then evaluates by itself."""
    assert executor_of(None) is None


def test_an_address_without_a_cluster_is_refused() -> None:
    """The line comes at once, and says what to start."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'wergate[ray]'")
    with pytest.raises(SuiteError, match=r"--executor ray:127.0.0.1:1 finds no cluster there: .*ray start --head"):
        cluster.Cluster("127.0.0.1:1")
