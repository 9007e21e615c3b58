"""How the bank is drawn, and how well tests of symmetries do on it.

Rows are decisions: columns function, n, seed, candidate, break (0 = holds), own error, support,
verdict and seconds. A decision *counts* if the candidate holds or if its break is at least the
model's own error; smaller breaks are not to be seen with that model, and are shown apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

SIZES = (50, 200, 1000)
NOISES = (0.0, 0.1, 0.3)
SCALES = (0.01, 1.0, 100.0)
#: Bounds of the breaks by which power is shown: over the model's own error, and in deviations.
EDGES = {
    "break / own error": (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, np.inf),
    "break": (0.0, 0.2, 0.3, 0.4, 0.6, 0.8, np.inf),
}
VERDICTS = ("holds", "approximate", "broken", "cannot tell")


def designs(number: int, repeat: int) -> list[tuple[int, float, float]]:
    """Rows, noise and scale of the draws of one function: one per size."""
    turn = number + repeat
    return [(n, NOISES[(turn + i) % 3], SCALES[(turn // 3 + i) % 3]) for i, n in enumerate(SIZES)]


def scores(rows: pd.DataFrame) -> dict[str, Any]:
    """AUC of support, and how often verdicts are right, of one model."""
    draws = rows.groupby(["function", "n", "seed"])["break"]
    all_hold, none_holds = draws.transform("max") == 0, draws.transform("min") > 0
    holds, said = rows["break"] == 0, rows["verdict"] == "holds"
    counts = holds | (rows["break"] >= rows["own error"])
    decided = rows[counts]
    interval = "{:.3f}, {:.3f}".format(*_interval(decided))
    return {
        "own error": rows["own error"].median(),
        "decisions": len(decided),
        "AUC": _auc(decided, np.ones(len(decided))),
        "AUC from, to": interval,
        "holds, said so": said[holds].mean(),
        "all hold, said so": said[all_hold].mean(),
        "broken": int((counts & ~holds).sum()),
        "broken, said so": (rows["verdict"] == "broken")[counts & ~holds].mean(),
        "broken, said holds": said[counts & ~holds].mean(),
        "none hold": int((counts & none_holds).sum()),
        "none, said holds": said[counts & none_holds].mean(),
        "any break, said holds": said[~holds].mean(),
        "cannot tell": (rows["verdict"] == "cannot tell").mean(),
        "seconds": rows["seconds"].median(),
    }


def power(rows: pd.DataFrame, measure: str = "break / own error") -> pd.DataFrame:
    """How often each verdict is said of a broken candidate, by the size of the break.

    Parameters
    ----------
    rows : DataFrame
    measure : {"break / own error", "break"}
    """
    broken = rows[rows["break"] > 0]
    verdicts = pd.crosstab(sizes(broken, measure), broken["verdict"], dropna=False)
    verdicts = verdicts.reindex(columns=VERDICTS, fill_value=0)
    return verdicts.rename_axis(measure).rename_axis(None, axis=1).reset_index()


def sizes(rows: pd.DataFrame, measure: str) -> pd.Series:
    """The interval that each break falls into."""
    over = rows["own error"] if measure == "break / own error" else 1.0
    return pd.cut(rows["break"] / over, EDGES[measure], right=False)


def _auc(decided: pd.DataFrame, weight: NDArray, level: str = "support") -> float:
    """AUC of a level; nan where only one of the two answers occurs."""
    truth, drawn = decided["break"] == 0, weight > 0
    if truth[drawn].nunique() < 2:
        return float("nan")
    return float(roc_auc_score(truth, decided[level].rank(), sample_weight=weight))


def _interval(decided: pd.DataFrame, n_draws: int = 500) -> NDArray:
    """95 percent interval of the AUC, functions drawn again."""
    random = np.random.RandomState(0)
    code, names = pd.factorize(decided["function"])
    drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), n_draws)
    values = np.array([_auc(decided, times[code]) for times in drawn])
    values = values[np.isfinite(values)]
    return np.percentile(values, [2.5, 97.5]) if len(values) else np.full(2, np.nan)


def discovery(rows: pd.DataFrame, rule: str, free: str) -> dict[str, Any]:
    """How well the levels of a rule tell what holds, on the draws that it has.

    Parameters
    ----------
    rows : DataFrame
        A row per rule and draw.
    rule, free : str
        The rule, and the one whose errors say which decisions count.
    """
    asked = decisions(rows, rule, free)
    found = scores(asked)
    counts = asked[(asked["break"] == 0) | (asked["break"] >= asked["own error"])]
    some = asked["break"].nunique() > 1 and asked["support"].nunique() > 1
    rank = asked["support"].corr(-asked["break"], method="spearman") if some else float("nan")
    return {
        "rule": rule,
        "decisions": found["decisions"],
        "AUC of support": found["AUC"],
        "from, to": found["AUC from, to"],
        "AUC of strength": _auc(counts, np.ones(len(counts)), "strength"),
        "all hold, said so": found["all hold, said so"],
        "none hold": found["none hold"],
        "none, said holds": found["none, said holds"],
        "rank correlation": float(rank),
    }


def risks(rows: pd.DataFrame, rule: str, free: str, best: Sequence[str]) -> dict[str, Any]:
    """Errors of a rule over those of the free network, and over the best of some others."""
    errors = rows.pivot_table(
        index=["function", "n", "seed"], columns="rule", values=["error", "seconds"]
    )
    some = {key: min(b.values()) == 0 for key, b in _breaks(rows).items()}
    error = errors["error"].dropna(subset=[rule, free])
    ratio = error[rule] / error[free]
    holds = np.array([some[key[0]] for key in ratio.index])
    found = {
        "rule": rule,
        "draws": len(ratio),
        "something holds: mean": _geometric_mean(ratio[holds]),
        "nothing holds: mean": _geometric_mean(ratio[~holds]),
        "median": ratio.median(),
        "95 %": ratio.quantile(0.95),
        "worst": ratio.max(),
    }
    if set(best) <= set(error):
        known = error.dropna(subset=list(best))
        against = known[rule] / known[list(best)].min(axis=1)
        found |= {"against best: median": against.median(), "compared": len(against)}
    seconds = errors["seconds"]
    found["seconds"] = seconds[rule].median()
    if "strength 3 for all" in seconds:
        found["fits"] = (seconds[rule] / seconds["strength 3 for all"]).median()
    return found


def _breaks(rows: pd.DataFrame) -> dict[str, dict[str, float]]:
    return dict(zip(rows["function"], rows["break"], strict=True))


def decisions(rows: pd.DataFrame, rule: str, free: str) -> pd.DataFrame:
    """A row per candidate of every draw that the rule has."""
    own = rows[rows["rule"] == free].set_index(["function", "n", "seed"])["error"] ** 0.5
    found = []
    for row in rows[rows["rule"] == rule].to_dict("records"):
        key = (row["function"], row["n"], row["seed"])
        if key not in own.index:
            continue
        draw = dict(zip(("function", "n", "seed"), key, strict=True))
        draw |= {"own error": own[key], "seconds": row["seconds"]}
        for label, size in row["break"].items():
            levels = {kind: row[kind][label] for kind in ("strength", "support", "verdict")}
            found.append(draw | {"candidate": label, "break": size} | levels)
    return pd.DataFrame(found)


def _geometric_mean(values: pd.Series) -> float:
    return float(np.exp(np.log(values).mean())) if len(values) else float("nan")
