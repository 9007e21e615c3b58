"""Weights cut into blocks, one per pair of features, and the projectors on them (private)."""

from sksofteq._blocks._pairs import PairBlocks

__all__ = ["PairBlocks"]
