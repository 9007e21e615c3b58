"""Rows in memory and the batches cut from them."""

import itertools

import pytest
import torch

from sksofteq.training import Rows, TensorBatches


def rows(n=10, one_factor=False) -> Rows:
    """Row i is (i, -i) in every table, with weight i."""
    number = torch.arange(n, dtype=torch.float64)
    both = torch.stack([number, -number], dim=1)
    factor = torch.ones(1, 2, dtype=torch.float64) if one_factor else both + 0.5
    return Rows(inputs=both, target=both + 100, factor=factor, weight=number)


def numbers(batch: Rows) -> list[int]:
    return batch.weight.int().tolist()


def generator(seed=0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_length():
    assert len(rows(7)) == 7


def test_take_cuts_all_tables_alike():
    taken = rows().take(torch.tensor([4, 1]))
    assert numbers(taken) == [4, 1]
    assert taken.inputs[:, 0].tolist() == [4, 1]
    assert taken.target[:, 1].tolist() == [96, 99]
    assert taken.factor[:, 0].tolist() == [4.5, 1.5]


def test_take_keeps_the_one_factor_of_all_rows():
    taken = rows(one_factor=True).take(torch.tensor([4, 1]))
    assert taken.factor.shape == (1, 2)


def test_replace_takes_over_everything():
    first, second = rows(4), rows(4)
    second.inputs, second.target = second.inputs + 7, second.target + 8
    second.factor, second.weight = second.factor + 9, second.weight + 10
    first.replace(second)
    for name in ("inputs", "target", "factor", "weight"):
        assert torch.equal(getattr(first, name), getattr(second, name))


def test_without_a_generator_the_order_stays():
    batches = [numbers(batch) for batch in TensorBatches(rows(), 4)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("batch_size", [1, 3, 5, 9])
def test_an_epoch_has_every_row_once(batch_size):
    batches = [numbers(batch) for batch in TensorBatches(rows(), batch_size, generator())]
    assert sorted(itertools.chain(*batches)) == list(range(10))
    assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)


def test_rows_of_a_batch_belong_together():
    for batch in TensorBatches(rows(), 3, generator()):
        assert batch.inputs[:, 0].tolist() == batch.weight.tolist()
        assert (batch.target[:, 0] - 100).tolist() == batch.weight.tolist()


def test_shuffled_anew_in_every_epoch():
    batches = TensorBatches(rows(), 3, generator())
    first, second = ([numbers(batch) for batch in batches] for _ in range(2))
    assert first != second


def test_equal_generators_shuffle_alike():
    first, second = (
        [numbers(batch) for batch in TensorBatches(rows(), 3, generator(5))] for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("batch_size", [10, 11, 1000])
def test_a_full_batch_is_not_copied(batch_size):
    data = rows()
    batches = list(TensorBatches(data, batch_size, generator()))
    assert len(batches) == 1
    assert batches[0] is data


def test_rows_replaced_between_epochs_are_seen():
    data = rows()
    batches = TensorBatches(data, 4)
    data.replace(rows(3))
    assert [numbers(batch) for batch in batches] == [[0, 1, 2]]


def test_global_generator_is_left_alone():
    before = torch.get_rng_state()
    list(TensorBatches(rows(), 3, generator()))
    assert torch.equal(torch.get_rng_state(), before)
