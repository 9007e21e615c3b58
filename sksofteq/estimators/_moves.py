"""Rows that are moved by group elements, and which candidates move them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sksofteq.estimators._checks import named_candidates
from sksofteq.estimators._plans import Plan, is_planned
from sksofteq.estimators._rows import prepare_rows
from sksofteq.estimators._table import Table
from sksofteq.groups import MatrixGroup
from sksofteq.nn import FramedNetwork
from sksofteq.orbits import sample_products
from sksofteq.training import Augmentation, Rows
from sksofteq.tuning import Tuner

if TYPE_CHECKING:
    from torch import Tensor

#: Rows that are moved are dealt into this many parts, or fewer, each with an element of its own.
MAX_PARTS = 32
#: Tells, epoch by epoch, the candidates that move the rows; None if none ever do.
Movers = Callable[[], list[str]] | None


def movers(
    augment: Any,
    plan: Plan,
    tuner: Tuner | None,
    dropped: Collection[str],
    groups: Mapping[str, MatrixGroup],
) -> Movers:
    """The candidates that move rows: named, planned, or those that the rule takes to hold by now.

    Without a rule, which has had its say, those that are named or planned.
    """
    labels = named_candidates(augment, groups, "augment")
    if labels is True and tuner is not None and tuner.evidence is None and not plan.moved:
        return lambda: [label for label in tuner.supported() if label not in dropped]
    if is_planned(augment):
        labels = list(plan.moved)
    return (lambda: labels) if groups and labels else None


def moving_callbacks(moved: Movers, rows: Rows, mover: RowMover) -> list[tuple[str, Augmentation]]:
    """What moves the rows of a training, if any candidate moves them."""
    return [] if moved is None else [("augmentation", Augmentation(rows, mover, moved))]


def move_rows(
    table: Table,
    groups: Sequence[MatrixGroup],
    random_state: np.random.RandomState,
    shares: Sequence[float] | None = None,
) -> Table:
    """The rows, dealt into parts, each moved by a product of one element of every group.

    With `shares`, elements of a group stretch by only a share of what was drawn.
    """
    rep_in, rep_out = table.candidates.rep_in, table.candidates.rep_out
    n_parts = min(MAX_PARTS, len(table))
    elements = sample_products(groups, n_parts, table.X, rep_in, random_state, shares)
    X, y = table.X.copy(), table.y.copy()
    parts = np.array_split(random_state.permutation(len(X)), n_parts)
    for rows, element in zip(parts, elements, strict=True):
        X[rows] = rep_in.transform(X[rows], element)
        y[rows] = rep_out.transform(y[rows], element)
    return replace(table, X=X, y=y)


class RowMover:
    """Moves training rows by random group elements and prepares them again.

    Parameters
    ----------
    module : FramedNetwork
    table : Table
        Raw rows in the representations' order.
    y_scale : Tensor of shape (dim_out,)
    seed : int
        Of the elements.
    shares : mapping of str to float
        By candidate, the share of their stretching that elements are given.

    Attributes
    ----------
    last : (list of str, tuple) or None
        What it was last called with, and the generator's state before.
    """

    def __init__(
        self,
        module: FramedNetwork,
        table: Table,
        y_scale: Tensor,
        seed: int,
        shares: Mapping[str, float],
    ) -> None:
        self.module, self.table, self.y_scale = module, table, y_scale
        self.random_state, self.shares = np.random.RandomState(seed), shares
        self.last: tuple[list[str], tuple] | None = None

    def __call__(self, labels: Sequence[str]) -> Rows:
        """The rows, moved by products of elements of the named candidates."""
        self.last = list(labels), self.random_state.get_state()
        groups = [self.table.candidates.groups[label] for label in labels]
        shares = [self.shares.get(label, 1.0) for label in labels]
        moved = move_rows(self.table, groups, self.random_state, shares)
        return prepare_rows(self.module, moved, self.y_scale)

    def again(self, last: tuple[list[str], tuple]) -> Rows:
        """What the `last` call of another mover gave; the next ones will give the same, too."""
        labels, generator = last
        self.random_state.set_state(generator)
        return self(labels)
