"""The networks of arXiv 2306.00356 that several benchmarks measure."""

from __future__ import annotations

from collections.abc import Sequence

from sksofteq.groups import MatrixGroup, Scaling, parse_group
from sksofteq.nn import SoftEMLP
from sksofteq.reps import parse_rep

#: O(3) and its subgroups about the three axes.
INERTIA_GROUPS = tuple(parse_group(name) for name in ("O(3)", "O(2)@x,y", "O(2)@y,z", "O(2)@x,z"))
#: Scaling on tensor types, as the paper has it, rather than through a frame.
COSINE_GROUPS = (parse_group("SO(3)"), Scaling(3, frame=False))


def inertia_model(
    groups: Sequence[MatrixGroup] = INERTIA_GROUPS, width: int = 216, max_rank: int = 3
) -> SoftEMLP:
    """Moments of inertia of five masses: by default 54 scalars, 18 vectors, 6 T(2), 2 T(3)."""
    rep_in, rep_out = (parse_rep(text).bind(3) for text in ("5*scalar + 5*vector", "tensor(2)"))
    return SoftEMLP(rep_in, rep_out, groups, (width,) * 3, max_rank=max_rank)


def cosine_model(
    groups: Sequence[MatrixGroup] = COSINE_GROUPS, width: int = 128, max_rank: int = 2
) -> SoftEMLP:
    """Cosine similarity of three vectors of R^3."""
    rep_in, rep_out = (parse_rep(text).bind(3) for text in ("3*vector", "scalar"))
    return SoftEMLP(rep_in, rep_out, groups, (width,) * 3, max_rank=max_rank)
