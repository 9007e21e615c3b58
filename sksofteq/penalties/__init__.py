"""How far from equivariant a network is, and what pulls it closer."""

from sksofteq.penalties._base import Penalty
from sksofteq.penalties._pathways import PathwayPenalty
from sksofteq.penalties._projection import ProjectionPenalty
from sksofteq.penalties._sampled import SampledPenalty

__all__ = ["PathwayPenalty", "Penalty", "ProjectionPenalty", "SampledPenalty"]
