"""How long does it take, and how much memory, to find all equivariant maps?

    python -m benchmarks.solve [--quick]

Every line is measured in a process of its own, so all caches are cold; "again" is a second call in
the same process. For a network the time covers all bases of all its pairs of types and of all
candidates, and the tables that lead from them to the weights, whose size grows with the width.
"""

from __future__ import annotations

from benchmarks._models import COSINE_GROUPS, INERTIA_GROUPS, cosine_model, inertia_model

MODELS = {
    "inertia": (inertia_model, INERTIA_GROUPS),
    "cosine similarity": (cosine_model, COSINE_GROUPS),
}
WIDTHS = (64, 128, 256, 512, 1024)
BODY = {"joint": 31, "xyz": 3}
MIRROR = "Reflection(3) on xyz & Permutation(31)@0,1 in R^31 on joint"
#: group, type of the output, type of the input, dimensions of the spaces
MAPS = [
    *(
        (name, f"tensor({out})", f"tensor({rank - out})", 3)
        for name in ("SO(3)", "O(3)", "O(2)@x,y")
        for rank, out in ((1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3))
    ),
    *(
        (f"Permutation({n})", f"tensor({rank})", "vector", n)
        for rank in (1, 2)
        for n in (5, 10, 20, 50, 100)
        if n**rank <= 2500
    ),
    *(
        (name, "joint*xyz", "joint*xyz", BODY)
        for name in ("SO(3) on xyz", "Permutation(31) on joint", MIRROR)
    ),
    *(("O(10)", f"tensor({rank})", f"tensor({rank})", 10) for rank in (1, 2)),
]
