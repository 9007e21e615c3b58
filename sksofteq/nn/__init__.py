"""Layers and networks (torch) whose features are typed by representations."""

from sksofteq.nn._bilinear import BilinearLayer
from sksofteq.nn._emlp import SoftEMLP
from sksofteq.nn._features import CandidateSet, hidden_representation
from sksofteq.nn._framed import FramedNetwork
from sksofteq.nn._frames import Frame, FrameContext
from sksofteq.nn._gated import GatedNonlinearity
from sksofteq.nn._linear import EquivariantLinear, SoftEquivariantLinear
from sksofteq.nn._own import OwnNetwork
from sksofteq.nn._pathways import PathwayLinear

__all__ = [
    "BilinearLayer",
    "CandidateSet",
    "EquivariantLinear",
    "Frame",
    "FrameContext",
    "FramedNetwork",
    "GatedNonlinearity",
    "OwnNetwork",
    "PathwayLinear",
    "SoftEMLP",
    "SoftEquivariantLinear",
    "hidden_representation",
]
