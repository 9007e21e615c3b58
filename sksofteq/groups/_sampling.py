"""Random elements: Haar on classical compact groups, uniform on finite ones, else words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import expm

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A generated group with at most this many elements is enumerated and sampled uniformly.
MAX_ENUMERATED = 1024
#: An element with a larger entry than this belongs to no finite group worth enumerating.
LARGEST_ENTRY = 1e6
#: Number of random factors in an element of a group that is known by its generators alone.
WORD_LENGTH = 6
#: The same where no product can grow: orthogonal generators without a Lie algebra mix slowly.
LONG_WORD_LENGTH = 128
#: Of a combination of generators that is not to be zero.
SMALLEST = 1e-9

Actions = dict["str | None", "tuple[NDArray, NDArray]"]


def haar_orthogonal(n: int, dim: int, rng: np.random.RandomState, special: bool) -> NDArray:
    """Haar measure on O(dim) or SO(dim), by QR with fixed signs (Mezzadri, math-ph/0609050)."""
    q, r = np.linalg.qr(rng.standard_normal((n, dim, dim)))
    q = q * np.sign(np.einsum("nii->ni", r))[:, None, :]
    if special:
        q[:, :, 0] *= np.linalg.det(q)[:, None]
    return q


def exponentials(lie: NDArray, coefficients: NDArray) -> NDArray:
    """exp(sum_i c_i A_i) for coefficients of shape (n, n_lie)."""
    return expm(np.einsum("ni,ijk->njk", coefficients, lie))


def enumerate_elements(actions: Actions, limit: int = MAX_ENUMERATED) -> dict | None:
    """All elements of a discretely generated group, or None if there are more than limit."""
    for lie, discrete in actions.values():
        volumes = np.abs(np.linalg.det(discrete))
        if lie.any() or not np.allclose(volumes, 1):  # elements of finite order keep volumes
            return None
    names = list(actions)
    n_generators = len(actions[names[0]][1])
    found = [tuple(np.eye(actions[name][1].shape[-1]) for name in names)]
    seen = {_key(found[0])}
    position = 0
    while position < len(found):
        for k in range(n_generators):
            product = tuple(
                actions[name][1][k] @ part
                for name, part in zip(names, found[position], strict=True)
            )
            if any(np.abs(part).max() > LARGEST_ENTRY for part in product):
                return None
            key = _key(product)
            if key not in seen:
                if len(found) == limit:
                    return None
                seen.add(key)
                found.append(product)
        position += 1
    return {name: np.stack([element[i] for element in found]) for i, name in enumerate(names)}


def sample_words(
    actions: Actions, n: int, rng: np.random.RandomState, noncompact_scale: float
) -> dict[str | None, NDArray]:
    """Uniform over an enumerated finite group, else products of random generators."""
    elements = enumerate_elements(actions)
    if elements is not None:
        chosen = rng.randint(len(next(iter(elements.values()))), size=n)
        return {name: all_of[chosen] for name, all_of in elements.items()}
    lies = turns_apart({name: lie for name, (lie, _) in actions.items()})
    discretes = {name: discrete for name, (_, discrete) in actions.items()}
    first = next(iter(lies.values()))
    n_lie, n_discrete = len(first), len(next(iter(discretes.values())))
    compact = np.array(
        [all(np.allclose(lie[i] + lie[i].T, 0) for lie in lies.values()) for i in range(n_lie)],
        dtype=bool,
    )
    # The variance of a non-compact coefficient is shared among the factors of the word.
    scale = np.where(compact, 1.0, noncompact_scale / np.sqrt(WORD_LENGTH))
    bounded = not n_lie and all(_is_orthogonal(discrete) for discrete in discretes.values())
    result = {
        name: np.broadcast_to(np.eye(lie.shape[-1]), (n, *lie.shape[1:]))
        for name, lie in lies.items()
    }
    for _ in range(LONG_WORD_LENGTH if bounded else WORD_LENGTH):
        if n_lie:
            coefficients = scale * rng.standard_normal((n, n_lie))
            result = {k: g @ exponentials(lies[k], coefficients) for k, g in result.items()}
        if n_discrete:
            letters = rng.randint(n_discrete + 1, size=n)  # the last letter is the identity
            for name, g in result.items():
                identity = np.eye(g.shape[-1])[None]
                result[name] = g @ np.concatenate([discretes[name], identity])[letters]
    return result


def turns_apart(lies: dict[str | None, NDArray]) -> dict[str | None, NDArray]:
    """Generators that turn and generators that stretch, where given ones do both.

    A Lie algebra that holds its own transposes is the sum of its antisymmetric and its symmetric
    matrices (Cartan's decomposition). The group turns by any angle, however little its elements
    are to stretch. Others are returned as they are.
    """
    flat, flipped = (
        np.concatenate([part.reshape(len(part), part.shape[1] ** 2) for part in parts], axis=1)
        for parts in (lies.values(), [lie.transpose(0, 2, 1) for lie in lies.values()])
    )
    if all(np.allclose(a, b) or np.allclose(a, -b) for a, b in zip(flat, flipped, strict=True)):
        return lies
    turning, stretching = (_orthonormal(flat + sign * flipped) for sign in (-1, 1))
    if len(turning) + len(stretching) > len(_orthonormal(flat)):
        return lies
    ends = np.cumsum([lie[0].size for lie in lies.values()])[:-1]
    # A turn in a plane has norm sqrt(2); of several spaces' the largest one counts.
    norms = [np.linalg.norm(part, axis=1) for part in np.split(turning, ends, axis=1)]
    turning = np.sqrt(2) * turning / np.max(norms, axis=0)[:, None]
    parts = np.split(np.concatenate([turning, stretching]), ends, axis=1)
    return {
        name: part.reshape(-1, *lie.shape[1:])
        for (name, lie), part in zip(lies.items(), parts, strict=True)
    }


def _orthonormal(rows: NDArray) -> NDArray:
    """An orthonormal basis of what rows span, made of them in their order."""
    basis = np.zeros((0, rows.shape[1]))
    for row in rows:
        for _ in range(2):  # the second round removes what rounding left of the first
            row = row - (basis @ row) @ basis
        if np.linalg.norm(row) > SMALLEST:
            basis = np.concatenate([basis, row[None] / np.linalg.norm(row)])
    return basis


def _is_orthogonal(matrices: NDArray) -> bool:
    return np.allclose(matrices @ matrices.transpose(0, 2, 1), np.eye(matrices.shape[-1]))


def _key(element: tuple[NDArray, ...]) -> bytes:
    return b"".join((np.round(part, 6) + 0.0).tobytes() for part in element)
