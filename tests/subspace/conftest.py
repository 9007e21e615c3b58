"""A slow reference: null spaces of all constraints at once, on the full space of maps."""

import numpy as np
import pytest
from scipy.linalg import null_space

from sksofteq.reps import Scalar


def reference_basis(group, rep_in, rep_out=None):
    """Orthonormal basis of the equivariant maps, vec row-major, from dense constraints."""
    if rep_out is None:
        rep_in, rep_out = Scalar, rep_in
    dims = {name or "": dim for name, dim in group.spaces.items()}
    rep_in, rep_out = rep_in.bind(dims), rep_out.bind(dims)
    one_in, one_out = np.eye(rep_in.dim), np.eye(rep_out.dim)
    lies, discretes = zip(*group.actions.values(), strict=True)
    constraints = [np.zeros((1, rep_in.dim * rep_out.dim))]
    for matrices in zip(*lies, strict=True):
        a = dict(zip(group.actions, matrices, strict=True))
        constraints.append(np.kron(rep_out.drho(a), one_in) - np.kron(one_out, rep_in.drho(a).T))
    for matrices in zip(*discretes, strict=True):
        h = dict(zip(group.actions, matrices, strict=True))
        moved = np.kron(rep_out.rho(h), np.linalg.inv(rep_in.rho(h)).T)
        constraints.append(moved - np.eye(len(moved)))
    return null_space(np.vstack(constraints), rcond=1e-9)


def assert_same_span(basis, reference):
    assert basis.shape == reference.shape
    np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-9)
    np.testing.assert_allclose(reference @ (reference.T @ basis), basis, atol=1e-8)


@pytest.fixture(scope="session")
def dense():
    """The reference basis, as a function of a group and one or two representations."""
    return reference_basis


@pytest.fixture(scope="session")
def same_span():
    """The assertion that a basis is orthonormal and spans what the reference spans."""
    return assert_same_span
