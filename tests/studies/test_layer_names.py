"""Names of layers, shortened for people."""

from __future__ import annotations

from wergate.studies.sensitivity.plot import short_names


def test_what_most_have_in_front_goes() -> None:
    """Leading modules and the tracer's middle are no news; a name that has them not stays."""
    names = [f"__module.encoder.layers.{number}.dense/aten::linear/MatMul" for number in range(8)]
    expected = [*(f"{number}.dense/MatMul" for number in range(8)), "head/MatMul"]
    assert expected == short_names([*names, "__module.head/aten::linear/MatMul"])


def test_two_names_stay_apart() -> None:
    """Where short names would be the same, they stay long."""
    names = ["net.a/aten::linear/MatMul", "net.a/aten::matmul/MatMul"]
    assert names == short_names(names)
