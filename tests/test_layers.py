"""A file imports only from its own package and from those above it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sksofteq

ROOT = Path(sksofteq.__file__).parent
#: From the bottom up; what stands in one row does not import from the same row.
LAYERS = [
    {"groups", "_plain", "exceptions"},
    {"reps"},
    {"candidates", "columns", "subspace"},
    {"orbits", "standardisation", "_blocks"},
    {"nn"},
    {"linear", "discovery"},
    {"penalties"},
    {"tuning"},
    {"training"},
    {"metrics", "preprocessing"},
    {"estimators"},
    {"model_selection", "inspection", "persistence"},
    {"datasets"},
    {"_commands"},
    {"_demo"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = [path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py"]


def imported(path: Path) -> set[str]:
    """Packages of sksofteq that a file imports from, those for type hints included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("sksofteq.")}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_the_layers(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    upwards = {name for name in imported(path) - {own} if LEVEL[name] >= LEVEL[own]}
    assert upwards == set()
