"""From raw rows to standardised features, and from predictions back to raw units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from sksofteq.groups import MatrixGroup
from sksofteq.linear._assembly import Rows
from sksofteq.linear._features import ProductFeatures
from sksofteq.nn import Frame
from sksofteq.reps import Representation
from sksofteq.standardisation import mean_and_scale, shared_scales

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A target that leaves its mean by no more than this share of it is constant.
ROUNDING = 1e-12
#: Rows that are predicted at a time: products of features take much memory.
CHUNK = 4096
#: What `Preparation.fit` sets.
FOUND = ("mean_in", "scale_in", "mean_out", "scale_out", "y_scale")


class Preparation:
    """The candidates' frame, then products of features, then invariant standardisation.

    Parameters
    ----------
    rep_in, rep_out : Representation
        Of raw rows, with known dimensions.
    groups : sequence of MatrixGroup
        The candidates.
    degree : {1, 2}, default=1
        Whether products of pairs of features join them.

    Attributes
    ----------
    rep_features : Representation
        What the linear map reads.
    rep_target : Representation
        What it predicts: the output, points as vectors if they are translated.
    mean_in, scale_in, mean_out, scale_out : ndarray
        How features and framed outputs are standardised, set by `fit`.
    y_scale : ndarray of shape (dim_out,)
        What standardises raw outputs.
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        groups: Sequence[MatrixGroup],
        degree: int = 1,
    ) -> None:
        self.groups, self.rep_out, self.degree = tuple(groups), rep_out, degree
        self.frame = Frame(rep_in, rep_out, groups)
        self.products = ProductFeatures(self.frame.rep_framed, degree)
        self.rep_features = self.products.rep_features
        self.rep_target = rep_out.as_vectors() if self.frame.translated else rep_out

    def __getstate__(self) -> dict[str, Any]:
        """Arguments to make this again, and what `fit` found."""
        arguments = {
            "rep_in": self.frame.rep_in,
            "rep_out": self.rep_out,
            "groups": self.groups,
            "degree": self.degree,
        }
        return {"arguments": arguments, "found": {name: vars(self)[name] for name in FOUND}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["arguments"])
        vars(self).update(state["found"])

    def fit(self, X: NDArray, y: NDArray, weight: NDArray) -> Rows:
        """Standardise by rows and return them ready to fit; their errors are in units of y_scale.

        Parameters
        ----------
        X : ndarray of shape (n, dim_in)
        y : ndarray of shape (n, dim_out)
        weight : ndarray of shape (n,)
        """
        X, y, weight = (np.asarray(values, dtype=np.float64) for values in (X, y, weight))
        framed, shift, factor = self._framed(X)
        features = self.products.transform(framed)
        shared_in = shared_scales(self.frame.rep_in, self.groups)
        shared_out = shared_scales(self.rep_out, self.groups)
        self.mean_in, self.scale_in = mean_and_scale(
            features, self.rep_features, self.groups, weight, shared_in
        )
        centred = y - shift
        self.mean_out, self.scale_out = mean_and_scale(
            centred / factor, self.rep_out, self.groups, weight, shared_out
        )
        _, self.y_scale = mean_and_scale(y, self.rep_out, self.groups, weight, shared_out)
        mean = factor * self.mean_out
        target = centred - mean
        target[np.abs(target) <= ROUNDING * np.abs(mean)] = 0.0
        ratio = self.scale_out / self.y_scale
        return Rows(self._standardised(features), target / self.y_scale, factor * ratio, weight)

    def predict(self, X: NDArray, weight: NDArray) -> NDArray:
        """Return raw predictions of weights (dim_out, dim_features + 1), shape (n, dim_out)."""
        predicted = np.empty((len(X), self.rep_out.dim))
        for start in range(0, len(X), CHUNK):
            rows = slice(start, start + CHUNK)
            framed, shift, factor = self._framed(np.asarray(X[rows], dtype=np.float64))
            inputs = self._standardised(self.products.transform(framed))
            core = inputs @ weight[:, :-1].T + weight[:, -1]
            predicted[rows] = factor * (core * self.scale_out + self.mean_out) + shift
        return predicted

    def in_raw_units(self, weight: NDArray) -> tuple[NDArray, NDArray] | None:
        """Coefficients and intercepts for raw columns, None with a frame or products."""
        if not self.frame.is_trivial or self.rep_features.dim != self.frame.rep_in.dim:
            return None
        coefficients = self.scale_out[:, None] * weight[:, :-1] / self.scale_in
        intercepts = self.scale_out * weight[:, -1] + self.mean_out - coefficients @ self.mean_in
        return coefficients, intercepts

    def _standardised(self, features: NDArray) -> NDArray:
        return (features - self.mean_in) / self.scale_in

    def _framed(self, X: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Framed inputs, and what is added to outputs after they are multiplied by the factor."""
        shift, factor = np.zeros((len(X), self.rep_out.dim)), np.ones((len(X), self.rep_out.dim))
        if self.frame.is_trivial:
            return X, shift, factor
        with torch.no_grad():
            # torch wants writable memory; a read-only memory map is copied
            framed, context = self.frame(torch.from_numpy(np.require(X, requirements=["C", "W"])))
        shift = shift if context.shift is None else context.shift.numpy()
        factor = factor if context.factor is None else context.factor.numpy()
        return framed.numpy(), shift, factor
