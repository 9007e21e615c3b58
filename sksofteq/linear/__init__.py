"""Linear equivariant maps in closed form: soft ridge regression, its evidence, what is left out.

No training: a problem is a small system of linear equations, and the strengths come from the
evidence or from rows that are left out, both in closed form.
"""

from sksofteq.linear._assembly import Rows, make_problems, with_bias
from sksofteq.linear._components import Component, cut_outputs
from sksofteq.linear._evidence import log_evidence
from sksofteq.linear._features import ProductFeatures
from sksofteq.linear._fit import RidgeFit, fit_ridge
from sksofteq.linear._left_out import left_out_error, left_out_residuals
from sksofteq.linear._limits import MAX_UNKNOWNS, TooLargeError
from sksofteq.linear._prepared import Preparation
from sksofteq.linear._problem import Problem
from sksofteq.linear._start import START_ALPHA, ridge_start
from sksofteq.linear._support import left_out_tests

__all__ = [
    "MAX_UNKNOWNS",
    "START_ALPHA",
    "Component",
    "Preparation",
    "Problem",
    "ProductFeatures",
    "RidgeFit",
    "Rows",
    "TooLargeError",
    "cut_outputs",
    "fit_ridge",
    "left_out_error",
    "left_out_residuals",
    "left_out_tests",
    "log_evidence",
    "make_problems",
    "ridge_start",
    "with_bias",
]
