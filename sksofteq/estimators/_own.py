"""Networks of the user's, and the sampled penalty: what goes together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sksofteq.estimators._plans import kind_of
from sksofteq.nn import OwnNetwork
from sksofteq.tuning import PilotTuner, Tuner


def check_sampled(network: Any, tuner: Tuner) -> None:
    """Check that a sampled penalty is asked of a network without types, or of the user's.

    Raises
    ------
    ValueError
        If it is not, or if the rule imposes candidates exactly, as no sample can.
    """
    if kind_of(network) == "typed":
        raise ValueError(
            'penalty="sampled" needs network="plain" or a torch module of your own, got '
            f"network={network!r}, whose typed layers have penalties of their own: "
            '"proximal" and "gradient".'
        )
    if isinstance(tuner, PilotTuner):
        raise ValueError(
            'tuner="pilots" imposes candidates exactly, which penalty="sampled" cannot do; choose '
            'another rule, such as "process", or give strengths.'
        )


def check_pulled(module: OwnNetwork, penalty: str, strengths: Mapping[str, float]) -> None:
    """Check that there is something that strengths can pull.

    Raises
    ------
    ValueError
        If there are strengths, and no layer is soft, or all that are have frozen weights.
    """
    if any(strengths.values()) and not module.has_soft_layers:
        raise ValueError(
            f"network has no layer that penalty={penalty!r} could pull, got a "
            f"{type(module.core).__name__} without any sksofteq.nn.SoftEquivariantLinear, or with "
            'frozen ones alone. Put such layers into it, or set penalty="sampled", which asks '
            "equivariance of the predictions at rows that are moved."
        )
