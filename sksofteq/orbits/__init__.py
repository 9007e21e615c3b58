"""Orbits of data under a group: averages of a predictor over them, and whether data reach them."""

from sksofteq.orbits._averages import Predict, orbit_average, orbit_predictions
from sksofteq.orbits._comparison import (
    CRITICAL_Z,
    MIN_UNITS,
    OrbitTest,
    compare_losses,
    orbit_test,
    repeated_rows,
    row_losses,
    rows_by_value,
)
from sksofteq.orbits._elements import (
    Element,
    inverse,
    moves_columns,
    moves_row,
    sample_elements,
    sample_products,
    shrunk,
    small_products,
)
from sksofteq.orbits._reach import REACH_AUC, REACH_ROWS, orbit_auc

__all__ = [
    "CRITICAL_Z",
    "MIN_UNITS",
    "REACH_AUC",
    "REACH_ROWS",
    "Element",
    "OrbitTest",
    "Predict",
    "compare_losses",
    "inverse",
    "moves_columns",
    "moves_row",
    "orbit_auc",
    "orbit_average",
    "orbit_predictions",
    "orbit_test",
    "repeated_rows",
    "row_losses",
    "rows_by_value",
    "sample_elements",
    "sample_products",
    "shrunk",
    "small_products",
]
