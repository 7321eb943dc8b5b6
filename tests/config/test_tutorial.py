"""The tutorial's model as suite.toml lists it, held to the IR that the architecture really gives."""

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
    """The operations' names: of a narrow model with the base architecture's layers, by which alone they are named."""
    path = tmp_path_factory.mktemp("base") / "base.xml"
    torch.manual_seed(3)
    export(Data2VecAudioForCTC(Data2VecAudioConfig(**NARROW, num_conv_pos_embedding_groups=4)).eval(), path)
    return {op.get_friendly_name() for op in ov.Core().read_model(path).get_ops()}


@pytest.mark.parametrize(("name", "count"), [("tutorial", 16), ("tutorial-nncf", 1)])
def test_what_the_tutorial_ignored_is_in_the_ir(name: str, count: int, operations: set[str]) -> None:
    """Each operation of both editions' scopes is there under the name that NNCF will look for."""
    scope = load_config(SUITE, {}).settings_of(name).quantization.ignored_scope
    assert count == len(set(scope.names))
    assert set() == set(scope.names) - operations
