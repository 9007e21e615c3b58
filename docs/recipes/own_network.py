"""Networks of your own: one with soft layers inside, and one that knows nothing of symmetries.

Five bodies, masses and positions, have a tensor of inertia that was changed along z: turns and
mirrors of the x-y plane hold, those of the y-z plane are broken. Both networks are told of both.
"""

import numpy as np
import torch
from torch import Tensor, nn

from sksofteq import SoftEquivariantRegressor
from sksofteq.datasets import make_inertia
from sksofteq.groups import O
from sksofteq.nn import CandidateSet, GatedNonlinearity, SoftEquivariantLinear
from sksofteq.reps import Representation, parse_rep

CANDIDATES = ("O(2)@x,y", "O(2)@y,z")


class BodyByBody(nn.Module):
    """The same soft layers for every body, and a sum over bodies."""

    def __init__(self, rep_in: Representation, rep_out: Representation) -> None:
        super().__init__()
        body = parse_rep("scalar + vector + tensor(2)").bind(3)
        hidden = parse_rep("32*scalar + 8*vector + 8*tensor(2)").bind(3)
        # A gate for every tensor: it commutes with O(3), in which both candidates lie.
        self.gate = GatedNonlinearity(hidden, CandidateSet([O(3)]))
        self.first = SoftEquivariantLinear(body, self.gate.rep_in)
        self.last = SoftEquivariantLinear(hidden, rep_out)

    def forward(self, x: Tensor) -> Tensor:
        masses, positions = x[:, :5, None], x[:, 5:].unflatten(1, (5, 3))
        products = (positions[..., :, None] * positions[..., None, :]).flatten(2)
        bodies = torch.cat([masses, positions, products], dim=2)
        return self.last(self.gate(self.first(bodies)).sum(dim=1))


class Perceptron(nn.Sequential):
    """Any torch module."""

    def __init__(self, rep_in: Representation, rep_out: Representation) -> None:
        super().__init__(
            nn.Linear(rep_in.dim, 64),
            nn.SiLU(),
            nn.Linear(64, 64),
            nn.SiLU(),
            nn.Linear(64, rep_out.dim),
        )


def fitted(network: type, symmetries: tuple, **settings) -> SoftEquivariantRegressor:
    """A fit in which penalties alone make use of the candidates."""
    model = SoftEquivariantRegressor(
        symmetries,
        rep_in="5*scalar + 5*vector",
        rep_out="tensor(2)",
        network=network,
        augment=False,
        average=False,
        max_iter=100,
        random_state=0,
        **settings,
    )
    return model.fit(*make_inertia(n_samples=300, axis="z", random_state=0))


def main() -> None:
    """Mean squared errors on new rows, without candidates and with them."""
    X, y = make_inertia(n_samples=1000, axis="z", random_state=1)
    for network, penalty in ((BodyByBody, "proximal"), (Perceptron, "sampled")):
        errors = {}
        for told, symmetries in (("nothing", ()), ("candidates", CANDIDATES)):
            model = fitted(network, symmetries, penalty=penalty)
            errors[told] = np.mean((model.predict(X) - y) ** 2)
        said = ", ".join(f"{told}: {error:.2f}" for told, error in errors.items())
        print(f"{network.__name__}, told {said}")
        print(model.symmetry_report()[["strength", "residual", "verdict"]].round(3))


if __name__ == "__main__":
    main()
