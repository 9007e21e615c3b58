"""One linear problem, and its solution for given strengths.

A problem with c coupled outputs and p inputs minimises over its weights w = B u, a matrix (c, p),
for each of m right-hand sides

    sum_i weight_i |t_i - Z_i w|^2 + sum_j s_j w^T K_j w + w^T F w,    Z_i = kron(I_c, z_i),

whose solution is A^-1 h with A = B^T (kron(I_c, Z^T V Z) + L) B and L = sum_j s_j K_j + F. The K_j
are the complements C_G of the soft candidates and the identity (on all but the bias), so the s_j
are their strengths and alpha. B spans the common subspace of the hard candidates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs
from scipy.sparse import coo_array, csr_array

from sksofteq.linear._prior import Prior

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Solution:
    """Weights of one problem for given strengths.

    Parameters
    ----------
    u : ndarray of shape (n_unknowns, n_alike)
        Coordinates of the weights in the basis.
    factor : ndarray of shape (n_unknowns, n_unknowns)
        Lower Cholesky factor of A.
    """

    u: NDArray
    factor: NDArray

    def whiten(self, columns: NDArray) -> NDArray:
        """A^-1 times columns, shape (n_unknowns, n)."""
        return dpotrs(self.factor, columns, lower=1)[0]


@dataclass(frozen=True)
class Problem:
    """One linear problem; alike components are its right-hand sides.

    Parameters
    ----------
    outputs : ndarray of int, shape (m, n_coupled)
        The outputs of each right-hand side.
    turn : ndarray of shape (n_coupled, c)
        The orthonormal combinations of these outputs that are the problem's own.
    design : ndarray of shape (n, p)
        Inputs, a column of ones for the bias among them, times the factor of these outputs.
    target : ndarray of shape (n, c, m)
    weight : ndarray of shape (n,)
    basis : csr_array of shape (c * p, k)
    penalties : tuple of coo_array of shape (k, k)
        The K_j in coordinates of the basis, that of alpha last.
    fixed : ndarray of shape (k,)
        The diagonal of F.
    alpha_share : float, default=1.0
        Its alpha over that of all problems; the last of the penalties contains it.
    """

    outputs: NDArray
    turn: NDArray
    design: NDArray
    target: NDArray
    weight: NDArray
    basis: csr_array
    penalties: tuple[coo_array, ...]
    fixed: NDArray
    alpha_share: float = 1.0

    @property
    def n_unknowns(self) -> int:
        """Number of unknowns k."""
        return self.basis.shape[1]

    @cached_property
    def prior(self) -> Prior:
        """The prior precision L."""
        return Prior(self.penalties, self.fixed)

    @cached_property
    def parts(self) -> list[csr_array]:
        """The basis by output, c matrices (p, k)."""
        p = self.design.shape[1]
        return [self.basis[o * p : (o + 1) * p] for o in range(self.turn.shape[1])]

    @cached_property
    def compressed(self) -> tuple[NDArray, NDArray]:
        """Weighted design and targets, in no more rows than it takes to keep all products.

        The triangle of a QR factorisation tells small residuals from rounding, as the normal
        equations do not.
        """
        root = np.sqrt(self.weight)[:, None]
        p, (n, c, m) = self.design.shape[1], self.target.shape
        both = np.hstack([root * self.design, root * self.target.reshape(n, c * m)])
        if n > both.shape[1]:
            both = np.linalg.qr(both, mode="r")
        return both[:, :p], both[:, p:].reshape(-1, c, m)

    @cached_property
    def gram(self) -> NDArray:
        """B^T kron(I_c, Z^T V Z) B, shape (k, k)."""
        design = self.compressed[0]
        gram, total = design.T @ design, np.zeros((self.n_unknowns,) * 2, order="F")
        for part in self.parts:
            seen = np.unique(part.indices)
            part = part[:, seen]
            total[np.ix_(seen, seen)] += part.T @ (gram @ part)
        return total

    @cached_property
    def moment(self) -> NDArray:
        """The right-hand sides h, shape (k, m)."""
        design, target = self.compressed
        return sum(part.T @ (design.T @ target[:, o]) for o, part in enumerate(self.parts))

    def with_alpha_times(self, share: float) -> Problem:
        """The problem with an alpha that is so many times that of the others."""
        *soft, identity = self.penalties
        return replace(
            self, penalties=(*soft, share * identity), alpha_share=share * self.alpha_share
        )

    def weights(self, u: NDArray) -> NDArray:
        """From coordinates to weights, (c, p, m)."""
        return (self.basis @ u).reshape(self.turn.shape[1], self.design.shape[1], -1)

    def add_weights(self, u: NDArray, W: NDArray) -> None:
        """Add the weights to their outputs in a matrix (dim_out, p)."""
        W[self.outputs] += np.einsum("oc,cpm->mop", self.turn, self.weights(u))

    def solve(self, strengths: NDArray) -> Solution:
        """Return the minimiser for strengths s_j, shape (n_penalties,)."""
        if not self.n_unknowns:  # nothing is equivariant, and the weights are zero
            return Solution(self.moment, self.gram)
        A = np.array(self.gram, order="F")
        for strength, penalty in zip(strengths, self.penalties, strict=True):
            A[penalty.row, penalty.col] += strength * penalty.data
        diagonal = np.diagonal(A).copy() + self.fixed
        np.fill_diagonal(A, diagonal)
        factor, info = dpotrf(A, lower=1, clean=0)
        jitter = np.finfo(float).eps * max(diagonal.max(), np.finfo(float).tiny)
        while info > 0:  # strengths so far apart that rounding makes A indefinite
            jitter *= 10.0
            np.fill_diagonal(A, diagonal + jitter)
            factor, info = dpotrf(A, lower=1, clean=0)
        return Solution(dpotrs(factor, self.moment, lower=1)[0], factor)

    def refined(self, solution: Solution, strengths: NDArray) -> NDArray:
        """Return the solution's u after one step that removes most of its rounding.

        The slope is taken from residuals, not from the normal equations, whose condition number
        is the square of the design's: iterative refinement, once.
        """
        design, target = self.compressed
        u = solution.u
        residual = target - np.einsum("np,cpm->ncm", design, self.weights(u), optimize=True)
        slope = sum(part.T @ (design.T @ residual[:, o]) for o, part in enumerate(self.parts))
        slope = slope - self.fixed[:, None] * u
        for strength, penalty in zip(strengths, self.penalties, strict=True):
            slope = slope - strength * (penalty @ u)
        return u + solution.whiten(slope) if self.n_unknowns else u

    def misfit(self, u: NDArray) -> float:
        """Weighted sum of squared residuals over all right-hand sides."""
        design, target = self.compressed
        predicted = np.einsum("np,cpm->ncm", design, self.weights(u), optimize=True)
        return float(((target - predicted) ** 2).sum())

    def quadratics(self, u: NDArray) -> NDArray:
        """Sum over right-hand sides of w^T K_j w, shape (n_penalties,)."""
        return np.array([np.sum(u * (penalty @ u)) for penalty in self.penalties])

    def traces(self, solution: Solution) -> NDArray:
        """tr(A^-1 K_j), shape (n_penalties,)."""
        if not self.n_unknowns:
            return np.zeros(len(self.penalties))
        inverse, _ = dpotri(solution.factor, lower=1)
        return np.array(
            [
                inverse[np.maximum(K.row, K.col), np.minimum(K.row, K.col)] @ K.data
                for K in self.penalties
            ]
        )
