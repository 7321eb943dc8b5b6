"""Short layer names for tables and plots."""

from __future__ import annotations

from wergate.studies.sensitivity.plot import short_names


def test_common_leading_modules_are_removed() -> None:
    """Common leading modules and the tracer's middle parts are removed; other names keep their own module."""
    names = [f"__module.encoder.layers.{number}.dense/aten::linear/MatMul" for number in range(8)]
    expected = [*(f"{number}.dense/MatMul" for number in range(8)), "head/MatMul"]
    assert expected == short_names([*names, "__module.head/aten::linear/MatMul"])


def test_names_stay_distinct() -> None:
    """If two short names would be equal, all names stay long."""
    names = ["net.a/aten::linear/MatMul", "net.a/aten::matmul/MatMul"]
    assert names == short_names(names)
