"""What the benchmarks share: a header that says where a number comes from, JSON, tables."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
import skorch
import torch

import sksofteq

RESULTS = Path(__file__).parent / "results"


def environment() -> dict[str, Any]:
    """Versions, threads and processor."""
    return {
        "sksofteq": sksofteq.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "scikit-learn": sklearn.__version__,
        "skorch": skorch.__version__,
        "threads": torch.get_num_threads(),
        "processor": _processor(),
    }


def save(name: str, command: str, configuration: dict, rows: list[dict], summary: Any) -> Path:
    """Write one benchmark's result as JSON."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {
        "command": command,
        "environment": environment(),
        "configuration": configuration,
        "summary": summary,
        "rows": rows,
    }
    path.write_text(json.dumps(record, indent=1, default=float) + "\n", encoding="utf-8")
    return path


def known(name: str) -> list[dict[str, Any]]:
    """Rows of an earlier run of a benchmark, none if there was none."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []


def table(rows: list[dict] | pd.DataFrame) -> str:
    """Rows as an aligned plain table."""
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows)
    return frame.to_string(index=False, float_format=lambda value: f"{value:.3g}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]} x {len(names)}" if names else platform.processor()
