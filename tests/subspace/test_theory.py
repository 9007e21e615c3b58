"""Numbers of invariants against formulas of representation theory."""

from fractions import Fraction
from itertools import permutations
from math import comb, factorial

import numpy as np
import pytest

from sksofteq.groups import parse_group
from sksofteq.reps import parse_rep
from sksofteq.subspace import EquivariantProjector, equivariant_basis


def double_factorial(n):
    return 1 if n <= 0 else n * double_factorial(n - 2)


def brauer(rank):
    """Perfect matchings: the invariants of O(n) while n >= rank / 2."""
    return 0 if rank % 2 else double_factorial(rank - 1)


def catalan(k):
    return comb(2 * k, k) // (k + 1)


def o2(rank):
    """O(2): its reflections have trace zero, its rotations count balanced words."""
    if rank == 0:
        return 1
    return 0 if rank % 2 else comb(rank, rank // 2) // 2


def o2_in_space(rank):
    """O(2) on two of three axes: choose the factors that stay on the third."""
    return sum(comb(rank, k) * o2(k) for k in range(rank + 1))


def stirling(k, j):
    if k == j:
        return 1
    if j in (0, k + 1):
        return 0
    return j * stirling(k - 1, j) + stirling(k - 1, j - 1)


def permutation(n, rank):
    """Set partitions of the indices into at most n parts."""
    return sum(stirling(rank, j) for j in range(min(n, rank) + 1))


def bell(k):
    row = [1]
    for _ in range(k):
        row = [row[-1], *row]
        for i in range(1, len(row)):
            row[i] += row[i - 1]
    return row[0]


def riordan(k):
    """Multiplicity of the trivial representation in the k-th power of the vectors of SO(3)."""
    values = [1, 0]
    for n in range(2, k + 1):
        values.append((n - 1) * (2 * values[-1] + 3 * values[-2]) // (n + 1))
    return values[k]


def symplectic(n, rank):
    """Sp(n) for n = 1, 2: determinants of Catalan numbers."""
    k = rank // 2
    if rank % 2:
        return 0
    return catalan(k) if n == 1 else catalan(k) * catalan(k + 2) - catalan(k + 1) ** 2


def special_linear(n, rank):
    """Standard Young tableaux of the n x (rank / n) rectangle, by hook lengths."""
    if rank % n:
        return 0
    columns = rank // n
    count = Fraction(factorial(rank))
    for i in range(n):
        for j in range(columns):
            count /= (n - i) + (columns - j) - 1
    return int(count)


def general_linear(n, k):
    """Permutations of k letters without an increasing subsequence of more than n."""

    def longest(order):
        ends = []
        for i, last in enumerate(order):
            ends.append(1 + max((ends[j] for j in range(i) if order[j] < last), default=0))
        return max(ends, default=0)

    return sum(longest(order) <= n for order in permutations(range(k)))


def rotation(n, rank):
    """Words of eigenvalues exp(+-2 pi i / n) whose product is one."""
    return sum(comb(rank, j) for j in range(rank + 1) if (rank - 2 * j) % n == 0)


def dihedral(n, rank):
    return rotation(n, rank) // 2 if rank else 1


def mirror(d, rank):
    return (d**rank + (d - 2) ** rank) // 2


def power(rank):
    return f"tensor({rank})"


TABLE = [
    *[("O(2)", power(k), o2(k)) for k in range(10)],
    *[("O(2)", power(k), brauer(k)) for k in (2, 4)],
    *[("O(3)", power(k), brauer(k)) for k in range(7)],
    *[("O(4)", power(k), brauer(k)) for k in (2, 3, 4, 5)],
    ("O(5)", power(4), brauer(4)),
    *[("O(1)", power(k), 1 - k % 2) for k in (1, 2, 5)],
    *[(f"O(2)@{axes}", power(k), o2_in_space(k)) for k in range(7) for axes in ("x,y", "x,z")],
    *[("SO(2)", power(k), 0 if k % 2 else comb(k, k // 2)) for k in range(7)],
    *[("SO(3)", power(k), riordan(k)) for k in range(8)],
    *[("SO(4)", power(k), brauer(k) + (k == 4)) for k in (2, 3, 4)],
    *[("Permutation(3)", power(k), permutation(3, k)) for k in range(6)],
    *[("Permutation(5)", power(k), bell(k)) for k in range(5)],
    *[("Permutation(2)", power(k), permutation(2, k)) for k in (3, 6)],
    *[(f"Cyclic({n})", power(k), n ** (k - 1)) for n, k in ((3, 2), (4, 3), (5, 4), (7, 1))],
    *[(f"Rotation({n})", power(k), rotation(n, k)) for n in (1, 2, 3, 4, 5, 7) for k in (2, 5)],
    *[(f"Dihedral({n})", power(k), dihedral(n, k)) for n in (1, 2, 3, 4, 5, 7) for k in (3, 4)],
    *[(f"Reflection({d})", power(k), mirror(d, k)) for d in (1, 2, 3) for k in (1, 2, 3)],
    *[("SL(2)", power(k), symplectic(1, k)) for k in range(9)],
    *[("SL(3)", power(k), special_linear(3, k)) for k in (1, 2, 3, 4, 6)],
    ("SL(4)", power(4), special_linear(4, 4)),
    ("SL(3)", "tensor(2,2)", general_linear(3, 2)),
    *[("Sp(1)", power(k), symplectic(1, k)) for k in (2, 3, 4, 6)],
    *[("Sp(2)", power(k), symplectic(2, k)) for k in (2, 3, 4, 6)],
    ("Sp(3)", power(4), brauer(4)),
    *[(f"GL({n})", f"tensor({k},{k})", factorial(k)) for n, k in ((1, 1), (2, 2), (3, 2), (3, 3))],
    *[("GL(2)", f"tensor({k},{k})", general_linear(2, k)) for k in (1, 3, 4)],
    *[("GL(2)", f"tensor({p},{q})", 0) for p, q in ((1, 0), (0, 2), (2, 1))],
    *[("Lorentz()", power(k), brauer(k)) for k in (1, 2, 3, 4)],
    ("Lorentz()", "tensor(1,1)", 1),
    ("O(1,3)", "tensor(0,4)", brauer(4)),
    ("SO(1,3)", power(2), 1),
    ("SO(1,3)", power(4), brauer(4) + 1),
    ("SO(1,3)", "tensor(2,2)", brauer(4) + 1),
    ("SO(2,1)", power(3), riordan(3)),
    ("SO(2,1)", power(4), riordan(4)),
    *[
        (f"Scaling({d})", f"tensor({p},{q})", d ** (2 * p) if p == q else 0)
        for d, p, q in ((2, 1, 1), (3, 2, 2), (3, 1, 0), (2, 0, 3), (2, 2, 1))
    ],
    ("Scaling(3, frame=False)", "tensor(1,1)", 9),
    ("Scaling(1)@y", "tensor(2)", 4),
    *[("Trivial(3)", power(k), 3**k) for k in range(5)],
    ("Translation(3)", "tensor(2)", 9),
    ("Translation(3)", "point", 0),
    *[("SE(3)", power(k), riordan(k)) for k in (2, 3, 4)],
    *[("E(2)", power(k), o2(k)) for k in (2, 4)],
]


@pytest.mark.parametrize(("group", "rep", "expected"), TABLE)
def test_number_of_invariants(group, rep, expected):
    group, rep = parse_group(group), parse_rep(rep)
    basis = equivariant_basis(group, rep)
    assert basis.shape == (rep.bind(group.dim).dim, expected)
    np.testing.assert_allclose(basis.T @ basis, np.eye(expected), atol=1e-10)


SPACES = {"joint": 5, "xyz": 3}
PRODUCTS = [
    ("Permutation(5) on joint", "joint", "joint", bell(2)),
    ("Permutation(5) on joint", "joint*xyz", "joint", bell(2) * 3),
    ("Permutation(5) on joint", "joint*xyz", "joint*xyz", bell(2) * 9),
    ("Permutation(5) on joint", "joint*joint", "xyz*joint", bell(3) * 3),
    ("Permutation(2)@0,3 in R^5 on joint", "joint", "joint", (5**2 + 3**2) // 2),
    ("SO(3) on xyz", "joint*xyz", "joint*xyz", 25 * riordan(2)),
    ("SO(3) on xyz", "xyz*xyz", "joint*xyz", 5 * riordan(3)),
    ("SO(3) on xyz", "joint", "joint", 25),
    ("Trivial(3) on xyz", "xyz", "joint", 15),
    (
        "Reflection(3) on xyz & Permutation(2)@0,1 in R^5 on joint",
        "joint*xyz",
        "joint*xyz",
        ((5 * 3) ** 2 + (3 * 1) ** 2) // 2,
    ),
    ("Reflection(3) on xyz & Permutation(2)@0,1 in R^5 on joint", "xyz", "xyz", mirror(3, 2)),
    ("SO(3) on xyz & SO(3)@0,1,2 in R^5 on joint", "xyz", "xyz*xyz", riordan(3)),
    ("SO(3)@0,1,2 in R^5 on joint & SO(3) on xyz", "xyz", "joint", riordan(2)),
    ("Permutation(3) on xyz & Permutation(3)@0,1,2 in R^5 on joint", "xyz", "xyz", 2),
    # one permutation of both: three fixed joints besides the permuted triple
    (
        "Permutation(3) on xyz & Permutation(3)@0,1,2 in R^5 on joint",
        "xyz",
        "joint",
        permutation(3, 2) + 2 * permutation(3, 1),
    ),
]


@pytest.mark.parametrize(("group", "rep_in", "rep_out", "expected"), PRODUCTS)
def test_number_of_maps_over_named_spaces(group, rep_in, rep_out, expected):
    group = parse_group(group)
    rep_in, rep_out = parse_rep(rep_in, SPACES), parse_rep(rep_out, SPACES)
    basis = equivariant_basis(group, rep_in, rep_out)
    assert basis.shape == (rep_out.dim * rep_in.dim, expected)
    np.testing.assert_allclose(basis.T @ basis, np.eye(expected), atol=1e-10)
    assert EquivariantProjector(group, rep_in, rep_out).rank == expected


def test_formulas():
    """The formulas themselves, against published numbers."""
    assert [bell(k) for k in range(7)] == [1, 1, 2, 5, 15, 52, 203]
    assert [bell(k) for k in range(6)] == [permutation(9, k) for k in range(6)]
    assert [permutation(3, k) for k in range(1, 6)] == [1, 2, 5, 14, 41]
    assert [riordan(k) for k in range(7)] == [1, 0, 1, 1, 3, 6, 15]
    assert [o2(k) for k in (2, 4, 6)] == [1, 3, 10]
    assert [symplectic(2, k) for k in (2, 4, 6)] == [1, 3, 14]
    assert [special_linear(3, k) for k in (3, 6)] == [1, 5]
    assert [general_linear(2, k) for k in (1, 2, 3, 4)] == [catalan(k) for k in (1, 2, 3, 4)]
    assert len(TABLE) + len(PRODUCTS) >= 25


def test_the_invariants_themselves():
    """The metric and the Levi-Civita symbol of R^3, the form of the Lorentz group."""
    metric = equivariant_basis(parse_group("O(3)"), parse_rep("tensor(2)"))[:, 0]
    np.testing.assert_allclose(np.abs(metric.reshape(3, 3)), np.eye(3) / 3**0.5, atol=1e-12)
    symbol = equivariant_basis(parse_group("SO(3)"), parse_rep("tensor(3)"))[:, 0].reshape(3, 3, 3)
    symbol = symbol / symbol[0, 1, 2]
    np.testing.assert_allclose(symbol[2, 0, 1], 1, atol=1e-12)
    np.testing.assert_allclose(symbol, -symbol.transpose(1, 0, 2), atol=1e-12)
    np.testing.assert_allclose(symbol, -symbol.transpose(0, 2, 1), atol=1e-12)
    form = equivariant_basis(parse_group("Lorentz()"), parse_rep("tensor(2)"))[:, 0].reshape(4, 4)
    np.testing.assert_allclose(form / form[0, 0], np.diag([1, -1, -1, -1]), atol=1e-12)
    identity = equivariant_basis(parse_group("Lorentz()"), parse_rep("tensor(1,1)"))[:, 0]
    np.testing.assert_allclose(np.abs(identity.reshape(4, 4)), np.eye(4) / 2, atol=1e-12)


@pytest.mark.parametrize("group", ["SO(3)", "Trivial(2)", "Permutation(4)", "Scaling(3)", "GL(2)"])
def test_a_scalar_has_one_invariant(group):
    np.testing.assert_array_equal(equivariant_basis(parse_group(group), parse_rep("tensor(0)")), 1)
