"""Pages of the documentation do what they say."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["keeping-models.md", "scikit-learn.md"])
def test_blocks_of_a_page_print_what_it_shows(page, tmp_path, monkeypatch):
    """Python blocks share one namespace; a text block is what the one before it printed."""
    monkeypatch.chdir(tmp_path)
    namespace, printed = {}, StringIO()
    for language, block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if language == "text":
            assert printed.getvalue() == block
            continue
        printed = StringIO()
        with redirect_stdout(printed):
            exec(compile(block, page, "exec"), namespace)
