"""What fits make small."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sksofteq.training import LOSSES, Rows


def rows(output, target, weight, factor=2.0) -> tuple[torch.Tensor, Rows]:
    target = torch.as_tensor(target).double()
    inputs, factors = torch.zeros(*target.shape[:-1], 1), torch.full_like(target, factor)
    return torch.as_tensor(output).double(), Rows(
        inputs, target, factors, torch.as_tensor(weight).double()
    )


@pytest.mark.parametrize(("name", "power"), [("squared_error", 1.0), ("distance", 0.5)])
def test_weighted_mean_over_rows(name, power):
    draw = np.random.RandomState(0)
    output, target, weight = draw.randn(7, 4), draw.randn(7, 4), draw.rand(7)
    squares = np.mean((2.0 * output - target) ** 2, axis=1)
    found = LOSSES[name]()(*rows(output, target, weight))
    assert found.item() == pytest.approx(np.average(squares**power, weights=weight))


def test_distance_of_one_output_is_the_absolute_error():
    found = LOSSES["distance"]()(*rows([[1.0], [3.0]], [[5.0], [5.0]], [1.0, 1.0]))
    assert found.item() == pytest.approx((3.0 + 1.0) / 2)


def test_a_rotation_of_the_outputs_leaves_the_distance_alone():
    draw = np.random.RandomState(1)
    output, target = draw.randn(5, 3), draw.randn(5, 3)
    turn = np.linalg.qr(draw.randn(3, 3))[0]
    before, after = (
        LOSSES["distance"]()(*rows(output @ t, target @ t, np.ones(5))) for t in (np.eye(3), turn)
    )
    assert after.item() == pytest.approx(before.item())


@pytest.mark.parametrize("name", LOSSES)
def test_leading_axes_are_kept(name):
    draw = np.random.RandomState(2)
    output, target, weight = draw.randn(2, 5, 3), draw.randn(2, 5, 3), draw.rand(2, 5)
    together = LOSSES[name]()(*rows(output, target, weight))
    alone = [LOSSES[name]()(*rows(output[i], target[i], weight[i])) for i in range(2)]
    torch.testing.assert_close(together, torch.stack(alone))


@pytest.mark.parametrize("name", LOSSES)
def test_no_slope_is_infinite(name):
    output, exact = rows([[0.5], [1.0]], [[1.0], [5.0]], [1.0, 0.0])
    output.requires_grad_()
    LOSSES[name]()(output, exact).backward()
    assert output.grad.tolist() == [[0.0], [0.0]]  # the one is exact, the other without weight
