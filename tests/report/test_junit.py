"""`--junitxml`: properties with figures of the gates, settings and versions."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.support.suite_run import ROOT, Warm, run

MORE = """
import pytest
from wergate.errors import SuiteError
from wergate.verdict import Interval, Verdict

def verdict(gate, value, **more):
    return Verdict(gate, "INT8", value, "<=", 1.0, "nothing", "fix it", **more)

@pytest.fixture
def falling():
    yield
    raise ValueError("too late")

def test_more_gates(check, falling):
    check(verdict("first", 0.5), verdict("second", float("nan"), kind="latency", interval=Interval(0.25, float("inf"))))

def test_more_mistake():
    raise SuiteError("'https://me:pa55word@host/corpus?token=geheim' is gone; restore it")
"""


def suite_of(path: Path) -> ET.Element:
    """Return the only suite of a report."""
    found = ET.parse(path).find("testsuite")  # noqa: S314 - written by the run before
    assert found is not None
    return found


def properties(element: ET.Element) -> dict[str, list[str]]:
    """Return the values of each property of a test or suite."""
    found: dict[str, list[str]] = {}
    for one in element.iterfind("./properties/property"):
        found.setdefault(one.attrib["name"], []).append(one.attrib["value"])
    return found


def test_each_test_has_the_figures_of_its_gates(warm: Warm, tmp_path: Path) -> None:
    """Workers send them, the controller writes them: model, corpus, variant, and the row's own numbers."""
    where = ("--suite", str(warm.suite), "--cache-dir", str(warm.cache), "-n", "2")
    more = (f"--junitxml={tmp_path / 'junit.xml'}", "-k", "stays_within_tolerance")
    done = run(["accuracy/test_wer.py"], *where, *more, results=tmp_path / "results.json")
    assert done.results is not None, done.output
    suite = suite_of(tmp_path / "junit.xml")
    found = {case.attrib["name"]: properties(case) for case in suite.iterfind("testcase")}
    (int8,) = (one for one in found.values() if one["variant"] == ["int8"])
    (row,) = done.gate("wer", "INT8")
    assert [[row["model"]], [row["corpus"]], ["wer"]] == [int8[name] for name in ("model", "corpus", "gate")]
    assert [["PASS"], [repr(row["value"])]] == [int8["wer.status"], int8["wer.value"]]
    assert [f"<= {row['threshold']!r}"] == int8["wer.threshold"]
    assert [] == [name for one in found.values() for name in one if name.startswith("wergate")]
    whole = properties(suite)
    assert [["PASS"], ["0"]] == [whole["verdict"], whole["exit_code"]]
    assert [[done.results["cpu"]["model"]], [done.results["cpu"]["isa"]]] == [whole["cpu"], whole["isa"]]
    assert [done.results["versions"]["openvino"]] == whole["version.openvino"]


def test_what_fails_is_told_without_secrets(tmp_path: Path) -> None:
    """A gate without a finite value, a late error of the same test, a mistake that names an address with a token."""
    (tmp_path / "test_more.py").write_text(MORE)
    elsewhere = ("-c", str(ROOT / "pytest.ini"), "--rootdir", str(ROOT), "--import-mode", "importlib")
    options = ("--suite", str(ROOT / "suite.toml"), f"--junitxml={tmp_path / 'junit.xml'}", "-k", "test_more")
    done = run(["accuracy/test_graph.py", str(tmp_path / "test_more.py")], *elsewhere, *options)
    assert 13 == done.code, done.output
    text = (tmp_path / "junit.xml").read_text()
    assert ("pa55word" in text, "geheim" in text, "restore it" in text) == (False, False, True)
    suite = suite_of(tmp_path / "junit.xml")
    assert ["FAIL", "13"] == [properties(suite)[name][0] for name in ("verdict", "exit_code")]
    cases = [properties(case) for case in suite.iterfind("testcase") if "gates" in case.attrib["name"]]
    assert 2 == len(cases)  # pytest writes a test that fails twice as two
    for found in cases:
        assert ["first", "second"] == found["gate"]
        assert (["PASS"], ["FAIL"]) == (found["first.status"], found["second.status"])
        assert (["not finite"], ["latency"]) == (found["second.value"], found["second.kind"])
        assert ["0.25 to not finite (95 %)"] == found["second.interval"]
        assert "first.interval" not in found
