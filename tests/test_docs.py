"""Pages of the documentation do what they say."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
#: Numbers beyond this are large, and how large is a matter of rounding: strengths of what holds.
LARGE = 1e5


def pages():
    """All that have Python in them, from the root."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [
        str(path.relative_to(ROOT))
        for path in files
        if "```python" in path.read_text(encoding="utf-8")
    ]


def assert_alike(printed, shown):
    """The same words, and numbers that differ by what a machine rounds in a training."""
    first, second = (" ".join(NUMBER.sub("#", text).split()) for text in (printed, shown))
    assert first == second
    first, second = (
        np.array(NUMBER.findall(text), float).clip(-LARGE, LARGE) for text in (printed, shown)
    )
    np.testing.assert_allclose(first, second, rtol=0.1, atol=0.01)


@pytest.mark.parametrize("page", pages())
def test_blocks_of_a_page_print_what_it_shows(page, tmp_path, monkeypatch):
    """Python blocks share one namespace; a text block is what the one before it printed."""
    monkeypatch.chdir(tmp_path)
    namespace, printed = {}, StringIO()
    for language, block in BLOCK.findall((ROOT / page).read_text(encoding="utf-8")):
        if language == "text":
            assert_alike(printed.getvalue(), block)
            continue
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(block, page, "exec"), namespace)
