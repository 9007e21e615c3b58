"""How the process sees rows: raw, or from the frame of a candidate that moves or scales them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from sksofteq.discovery._process import LeftOutProcess
from sksofteq.groups import MatrixGroup
from sksofteq.nn import Frame
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale, shared_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray


class View:
    """A left-out process over raw rows, exactly invariant under a candidate's frame if it has one.

    Parameters
    ----------
    X, y : ndarray of shape (n, dim)
        Rows in the representations' order.
    rep_in, rep_out : Representation
    groups : sequence of MatrixGroup
        Standardisation breaks none of them.
    framed : MatrixGroup, default=None
        A candidate that translates or scales; what its frame takes out of the rows is not seen.
    together : ndarray of shape (n,), default=None
    """

    def __init__(
        self,
        X: NDArray,
        y: NDArray,
        rep_in: Representation,
        rep_out: Representation,
        groups: list[MatrixGroup],
        framed: MatrixGroup | None = None,
        together: NDArray | None = None,
    ) -> None:
        self._frame = Frame(rep_in, rep_out, [] if framed is None else [framed])
        rep_framed = self._frame.rep_framed
        self._seen = np.ones(rep_framed.dim, dtype=bool)
        for columns, _, kind in rep_framed.blocks:
            self._seen[columns] = not kind.frame
        inputs, shift, factor = self._framed(X)
        targets = (y - shift) / factor
        self._mean_in, self._scale_in = mean_and_scale(
            inputs, rep_framed, groups, None, shared_scales(rep_in, groups)
        )
        self._mean_out, self._scale_out = mean_and_scale(
            targets, rep_out, groups, None, shared_scales(rep_out, groups)
        )
        standardised = (targets - self._mean_out) / self._scale_out
        self.process = LeftOutProcess(self._inputs(inputs), standardised, together)

    def left_out_at(self, X: NDArray) -> NDArray:
        """Raw predictions at moved rows, each without its own target."""
        inputs, shift, factor = self._framed(X)
        predicted = self.process.left_out_at(self._inputs(inputs))
        return factor * (predicted * self._scale_out + self._mean_out) + shift

    def spread_at(self, X: NDArray, rows: NDArray) -> NDArray:
        """Variance of the predictions at some rows moved elsewhere, over the process's own."""
        return self.process.spread_at(self._inputs(self._framed(X)[0]), rows)

    def _inputs(self, framed: NDArray) -> NDArray:
        return ((framed - self._mean_in) / self._scale_in)[:, self._seen]

    def _framed(self, X: NDArray) -> tuple[NDArray, NDArray | float, NDArray | float]:
        with torch.no_grad():
            framed, context = self._frame(torch.from_numpy(np.ascontiguousarray(X)))
        shift = 0.0 if context.shift is None else context.shift.numpy()
        factor = 1.0 if context.factor is None else context.factor.numpy()
        return framed.numpy(), shift, factor
