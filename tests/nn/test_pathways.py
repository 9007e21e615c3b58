"""The layer of several pathways."""

import pytest
import torch

from sksofteq.nn import PathwayLinear, SoftEquivariantLinear
from sksofteq.reps import parse_rep

REP_IN, REP_OUT = (parse_rep(r).bind(3) for r in ("2*scalar + 4*vector", "scalar + 2*vector"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("n_pathways", [1, 3])
def test_the_layer_is_the_sum_of_its_pathways(dtype, bias, n_pathways):
    layer = PathwayLinear(REP_IN, REP_OUT, bias, n_pathways).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    x = torch.randn(7, REP_IN.dim, dtype=dtype)
    parts = [layer.residual, *layer.pathways]
    assert len(parts) == n_pathways + 1
    torch.testing.assert_close(layer(x), sum(part(x) for part in parts))


def test_the_start_is_as_large_as_that_of_one_layer_and_mostly_equivariant():
    wide = parse_rep("64*scalar + 64*vector").bind(3)
    one = SoftEquivariantLinear(wide, wide).weight.norm()
    layer = PathwayLinear(wide, wide, n_pathways=4)
    weight, bias = layer.dense()
    assert weight.norm().item() == pytest.approx(one.item(), rel=0.05)
    assert not bias.any()
    assert layer.residual.weight.norm() < 2e-3 * weight.norm()
