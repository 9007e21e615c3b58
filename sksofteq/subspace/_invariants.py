"""Invariant tensors of a group: the one linear algebra problem behind every layer.

Two exact routes, neither of which builds a matrix on the full tensor space:

* A group whose generators all are signed permutations acts on the entries of a tensor by
  signed permutations too. Its invariants are the orbits of the entries.
* Otherwise the kernel of one generic generator is written down from the eigenvectors of its
  small matrices (products whose eigenvalues sum to 0, or multiply to 1), and the other
  generators cut it down one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import svd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sksofteq.groups import MatrixGroup

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A basis may have at most this many float64 entries (800 MB while it is being solved).
MAX_BASIS_ENTRIES = 25_000_000
#: Orbits are found for at most this many tensor entries.
MAX_ORBIT_ENTRIES = 20_000_000
#: Singular values below this fraction of the generators' norm count as zero.
RELATIVE_TOLERANCE = 1e-8

TensorAxis = tuple[str, bool]  # the space's name and whether the index is lower


@dataclass(frozen=True, eq=False)
class DenseSubspace:
    """A subspace with an explicit orthonormal basis.

    Parameters
    ----------
    basis : ndarray of shape (dim, rank)
    """

    basis: NDArray

    def __post_init__(self) -> None:
        self.basis.setflags(write=False)  # it is cached and shared

    @property
    def dim(self) -> int:
        """Dimension of the surrounding space."""
        return self.basis.shape[0]

    @property
    def rank(self) -> int:
        """Dimension of the subspace."""
        return self.basis.shape[1]

    def dense(self) -> NDArray:
        """The orthonormal basis, shape (dim, rank)."""
        return self.basis

    def project(self, w: NDArray) -> NDArray:
        """Project the last axis of an array onto the subspace."""
        return (w @ self.basis) @ self.basis.T


@dataclass(frozen=True, eq=False)
class OrbitSubspace:
    """The invariants of a group of signed permutations: one basis vector per orbit.

    Parameters
    ----------
    labels : ndarray of int, shape (dim,)
        The orbit of each entry, -1 where the invariants vanish.
    signs : ndarray of shape (dim,)
        The entry's sign within its orbit, 0 where the invariants vanish.
    """

    labels: NDArray
    signs: NDArray

    def __post_init__(self) -> None:
        self.labels.setflags(write=False)  # it is cached and shared

    @property
    def dim(self) -> int:
        """Dimension of the surrounding space."""
        return len(self.labels)

    @property
    def rank(self) -> int:
        """Dimension of the subspace."""
        return int(self.labels.max(initial=-1)) + 1

    def dense(self) -> NDArray:
        """The orthonormal basis, shape (dim, rank)."""
        check_entries(self.dim, self.rank)
        basis = np.zeros((self.dim, self.rank))
        alive = np.flatnonzero(self.labels >= 0)
        sizes = np.bincount(self.labels[alive], minlength=self.rank)
        basis[alive, self.labels[alive]] = self.signs[alive] / np.sqrt(sizes[self.labels[alive]])
        return basis

    def project(self, w: NDArray) -> NDArray:
        """Project the last axis of an array onto the subspace."""
        alive = self.labels >= 0
        labels = self.labels[alive]
        rows = coo_array(
            (self.signs[alive], (labels, np.flatnonzero(alive))), shape=(self.rank, self.dim)
        ).tocsr()
        sizes = np.maximum(np.bincount(labels, minlength=self.rank), 1)
        flat = w.reshape(-1, self.dim).T
        return (rows.T @ ((rows @ flat) / sizes[:, None])).T.reshape(w.shape)


InvariantSubspace = DenseSubspace | OrbitSubspace


@lru_cache(maxsize=512)
def invariant_subspace(group: MatrixGroup, axes: tuple[TensorAxis, ...]) -> InvariantSubspace:
    """Return the tensors over `axes` that every element of the group leaves as they are.

    Parameters
    ----------
    group : MatrixGroup
        A linear group; it must act on the space of every axis.
    axes : tuple of (space, lower)
        The tensor's axes in memory order.

    Raises
    ------
    ValueError
        If the problem is larger than the documented limits.
    """
    return _Problem(group, axes).solve()


class _Problem:
    """The generators of a group as they act on the axes of one tensor space."""

    def __init__(self, group: MatrixGroup, axes: Sequence[TensorAxis]) -> None:
        actions = {name or "": action for name, action in group.actions.items()}
        self.group = group
        self.shape = tuple(actions[space][0].shape[-1] for space, _ in axes)
        self.dim = math.prod(self.shape)
        n_lie, n_discrete = (len(part) for part in next(iter(actions.values())))
        self.lie = [
            self._scaled([-actions[s][0][i].T if low else actions[s][0][i] for s, low in axes])
            for i in range(n_lie)
        ]
        self.discrete = [
            [np.linalg.inv(actions[s][1][k]).T if low else actions[s][1][k] for s, low in axes]
            for k in range(n_discrete)
        ]
        self.lie = [matrices for matrices in self.lie if any(m.any() for m in matrices)]
        self.discrete = [
            matrices
            for matrices in self.discrete
            if not all(np.array_equal(m, np.eye(len(m))) for m in matrices)
        ]

    @staticmethod
    def _scaled(matrices: list[NDArray]) -> list[NDArray]:
        norm = max((np.linalg.norm(m, 2) for m in matrices), default=0.0)
        return [m / norm for m in matrices] if norm > 0 else matrices

    def solve(self) -> InvariantSubspace:
        if not self.lie and all(_is_monomial(m) for ms in self.discrete for m in ms):
            return self._orbits()
        return DenseSubspace(self._successive_kernels())

    # ------------------------------------------------------------------ signed permutations

    def _orbits(self) -> OrbitSubspace:
        """Entries that the generators carry into one another, with their signs."""
        if self.dim > MAX_ORBIT_ENTRIES:
            raise ValueError(_too_large(self.group, self.dim, "their orbits", MAX_ORBIT_ENTRIES))
        moves = [self._signed_permutation(matrices) for matrices in self.discrete]
        if all((sign > 0).all() for _, sign in moves):
            return OrbitSubspace(
                _components([target for target, _ in moves], self.dim), np.ones(self.dim)
            )
        # On the double cover entry i appears as +i and as -i.
        covers = []
        for target, sign in moves:
            minus = self.dim * (sign < 0)
            covers.append(np.concatenate([target + minus, target + self.dim - minus]))
        component = _components(covers, 2 * self.dim)
        plus, minus = component[: self.dim], component[self.dim :]
        alive = plus != minus  # an entry joined to its own negative must vanish
        _, labels = np.unique(np.minimum(plus, minus)[alive], return_inverse=True)
        all_labels = np.full(self.dim, -1)
        all_labels[alive] = labels
        return OrbitSubspace(all_labels, np.where(alive, np.where(plus < minus, 1.0, -1.0), 0.0))

    def _signed_permutation(self, matrices: list[NDArray]) -> tuple[NDArray, NDArray]:
        """Where each entry of the tensor goes, and with which sign."""
        target, sign = np.zeros(1, dtype=np.int64), np.ones(1)
        for matrix in matrices:
            rows = np.abs(matrix).argmax(axis=0)
            values = matrix[rows, np.arange(len(matrix))]
            target = (target[:, None] * len(matrix) + rows).ravel()
            sign = (sign[:, None] * values).ravel()
        return target, sign

    # ------------------------------------------------------------------ kernels

    def _successive_kernels(self) -> NDArray:
        check_entries(self.dim, 1, self.group)
        basis = self._first_kernel()
        for matrices in self.lie:
            basis = _restrict(basis, _apply_sum(matrices, basis, self.shape))
        for matrices in self.discrete:
            basis = _restrict(basis, _apply_product(matrices, basis, self.shape) - basis)
        return basis

    def _first_kernel(self) -> NDArray:
        """Kernel of one generic Lie algebra element, or of one discrete generator."""
        if self.lie:
            # A generic element of the algebra has the smallest kernel of all.
            weights = np.random.RandomState(0).uniform(0.5, 1.5, len(self.lie))
            generic = [
                sum(c * matrices[a] for c, matrices in zip(weights, self.lie, strict=True))
                for a in range(len(self.shape))
            ]
            spectral = _eigen(generic)
            if spectral is not None:
                return self._eigen_kernel(*spectral, additive=True)
        for matrices in self.discrete:
            spectral = _eigen(matrices)
            if spectral is not None:
                return self._eigen_kernel(*spectral, additive=False)
        check_entries(self.dim, self.dim, self.group)
        return np.eye(self.dim)

    def _eigen_kernel(
        self,
        values: list[NDArray],
        vectors: list[NDArray],
        conjugates: list[NDArray | None],
        additive: bool,
    ) -> NDArray:
        """Real basis of the products of eigenvectors that the generator leaves invariant."""
        combined = np.zeros(1) if additive else np.ones(1)
        for value in values:
            pairs = (combined[:, None], value[None, :])
            combined = (pairs[0] + pairs[1] if additive else pairs[0] * pairs[1]).ravel()
        if additive:
            scale = max(1e-300, *(np.abs(v).max() for v in values)) if values else 1.0
            chosen = np.flatnonzero(np.abs(combined) < RELATIVE_TOLERANCE * scale)
        else:
            chosen = np.flatnonzero(np.abs(combined - 1.0) < RELATIVE_TOLERANCE)
        check_entries(self.dim, 2 * len(chosen), self.group)
        if not len(chosen):
            return np.zeros((self.dim, 0))
        index = np.unravel_index(chosen, self.shape)
        if any(pairs is None for pairs in conjugates):
            columns = _products(vectors, index)
            # The kernel is closed under conjugation: real and imaginary parts span it.
            left, _, _ = svd(np.hstack([columns.real, columns.imag]), full_matrices=False)
            return left[:, : len(chosen)]
        # Products of orthonormal eigenvectors are orthonormal, and come in conjugate pairs.
        partners = [pairs[i] for pairs, i in zip(conjugates, index, strict=True)]
        mate = np.ravel_multi_index(partners, self.shape)
        real = _products(vectors, [i[mate == chosen] for i in index]).real
        paired = math.sqrt(2) * _products(vectors, [i[mate > chosen] for i in index])
        return np.hstack([real, paired.real, paired.imag])


def _products(vectors: list[NDArray], index: Sequence[NDArray]) -> NDArray:
    """Tensor products of the chosen columns, shape (dim, number of choices)."""
    columns = np.ones((1, len(index[0])))
    for vector, i in zip(vectors, index, strict=True):
        columns = columns[:, None, :] * vector[None, :, i]
        columns = columns.reshape(columns.shape[0] * columns.shape[1], len(i))
    return columns


def _components(moves: list[NDArray], size: int) -> NDArray:
    """Number of the component of each entry, if moves lead from entry to entry."""
    sources = np.tile(np.arange(size), len(moves))
    targets = np.concatenate([*moves, sources[:0]])
    edges = coo_array((np.ones(len(sources), dtype=np.int8), (sources, targets)), (size, size))
    return connected_components(edges, directed=False)[1]


def _eigen(
    matrices: list[NDArray],
) -> tuple[list[NDArray], list[NDArray], list[NDArray | None]] | None:
    """Eigenvalues and well-conditioned eigenvectors of every matrix, or None.

    Of a normal matrix they are orthonormal, and the third item tells for each which is its complex
    conjugate; of others it is None.
    """
    known: dict[bytes, tuple | None] = {}
    for matrix in matrices:
        if matrix.tobytes() not in known:
            known[matrix.tobytes()] = _spectrum(matrix)
    spectra = [known[matrix.tobytes()] for matrix in matrices]
    return (
        None if any(s is None for s in spectra) else tuple(map(list, zip(*spectra, strict=True)))
    )


def _spectrum(matrix: NDArray) -> tuple[NDArray, NDArray, NDArray | None] | None:
    if np.array_equal(matrix, np.diag(np.diag(matrix))):
        return np.diag(matrix), np.eye(len(matrix)), np.arange(len(matrix))
    value, vector = np.linalg.eig(matrix)
    if np.linalg.cond(vector) > 1e4:
        return None
    if np.allclose(matrix @ matrix.T, matrix.T @ matrix):
        return _orthonormalised(value, vector)
    return value, vector, None


def _orthonormalised(value: NDArray, vector: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Spectrum of a normal matrix, orthonormal within repeated eigenvalues, in conjugate pairs."""
    values, vectors, conjugates = [], [], []
    done = value.imag < -RELATIVE_TOLERANCE  # these follow their conjugates
    for i in range(len(value)):
        if done[i]:
            continue
        same = ~done & (np.abs(value - value[i]) < RELATIVE_TOLERANCE)
        done |= same
        block, start, count = vector[:, same], len(values), int(same.sum())
        if abs(value[i].imag) <= RELATIVE_TOLERANCE:
            left, _, _ = svd(np.hstack([block.real, block.imag]), full_matrices=False)
            values += [value[i].real] * count
            vectors.append(left[:, :count])
            conjugates += range(start, start + count)
        else:
            basis = np.linalg.qr(block)[0]
            values += [value[i]] * count + [value[i].conj()] * count
            vectors += [basis, basis.conj()]
            conjugates += [*range(start + count, start + 2 * count), *range(start, start + count)]
    return np.array(values), np.hstack(vectors), np.array(conjugates)


def _apply_sum(matrices: list[NDArray], basis: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Lie algebra element on a tensor: the sum over axes of its matrix on that axis."""
    tensors = basis.reshape(*shape, -1)
    total = np.zeros_like(tensors)
    for axis, matrix in enumerate(matrices):
        if matrix.any():
            total += np.moveaxis(np.tensordot(matrix, tensors, axes=(1, axis)), 0, axis)
    return total.reshape(basis.shape)


def _apply_product(matrices: list[NDArray], basis: NDArray, shape: tuple[int, ...]) -> NDArray:
    """Group element on a tensor: its matrix on every axis."""
    tensors = basis.reshape(*shape, -1)
    for axis, matrix in enumerate(matrices):
        tensors = np.moveaxis(np.tensordot(matrix, tensors, axes=(1, axis)), 0, axis)
    return tensors.reshape(basis.shape)


def _restrict(basis: NDArray, image: NDArray) -> NDArray:
    """The combinations of the basis that the constraint sends to zero."""
    if not basis.shape[1]:
        return basis
    if np.linalg.norm(image) <= RELATIVE_TOLERANCE:  # no singular value is larger
        return basis
    _, values, right = svd(image, full_matrices=image.shape[0] < image.shape[1])
    values = np.r_[values, np.zeros(len(right) - len(values))]
    kept = right[values < RELATIVE_TOLERANCE]
    return basis @ kept.T


def _is_monomial(matrix: NDArray) -> bool:
    """Whether a matrix is a permutation of the coordinates up to signs."""
    return bool(
        np.isin(matrix, (-1.0, 0.0, 1.0)).all()
        and (np.abs(matrix).sum(axis=0) == 1).all()
        and (np.abs(matrix).sum(axis=1) == 1).all()
    )


def check_entries(dim: int, rank: int, group: MatrixGroup | None = None) -> None:
    """Raise the error that names the sizes if a basis is beyond the limit."""
    if dim * rank > MAX_BASIS_ENTRIES:
        raise ValueError(_too_large(group, dim, f"a {dim} x {rank} basis", MAX_BASIS_ENTRIES))


def _too_large(group: MatrixGroup | None, dim: int, what: str, limit: int) -> str:
    return (
        f"The equivariant maps{f' of {group}' if group is not None else ''} on a tensor space of "
        f"{dim} entries need {what}, beyond the limit of {limit} numbers. Use tensors "
        "of lower rank (max_rank=), fewer columns in one type, or named spaces, so that the "
        "group acts on a small space of its own."
    )
