"""The ignored scopes of the tutorial's models in suite.toml, compared with a real IR of their architecture."""

from __future__ import annotations

import openvino as ov
import pytest
import torch
from transformers import Data2VecAudioConfig, Data2VecAudioForCTC

from tests.support.shipped import SUITE
from wergate.config.loading import load_config
from wergate.networks.ir.conversion import export

NARROW = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "conv_dim": (32,) * 7}


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the operations of a narrow model; they depend on the layers of the architecture, not on their width."""
    path = tmp_path_factory.mktemp("base") / "base.xml"
    torch.manual_seed(3)
    export(Data2VecAudioForCTC(Data2VecAudioConfig(**NARROW, num_conv_pos_embedding_groups=4)).eval(), path)
    return {op.get_friendly_name() for op in ov.Core().read_model(path).get_ops()}


@pytest.mark.parametrize(("name", "count"), [("tutorial", 16), ("tutorial-nncf", 1)])
def test_the_ignored_scope_is_in_the_ir(name: str, count: int, operations: set[str]) -> None:
    """The IR has each operation of both scopes under the name that NNCF looks for."""
    scope = load_config(SUITE, {}).settings_of(name).quantization.ignored_scope
    assert count == len(set(scope.names))
    assert set() == set(scope.names) - operations
