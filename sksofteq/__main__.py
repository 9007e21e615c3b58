"""Command line: ``python -m sksofteq demo``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Run a command; errors of use are one line.

    Parameters
    ----------
    arguments : list of str, default=None
        Command line, `sys.argv` by default.

    Returns
    -------
    status : int
        0 for success.
    """
    parser = argparse.ArgumentParser(prog="python -m sksofteq", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="find the symmetries of recorded human motion")
    demo.add_argument("--output", type=Path, default=Path("demo"), help="folder for the picture")
    demo.add_argument(
        "--max-iter", type=positive_int, default=None, help="epochs (default: the demo's)"
    )
    options = parser.parse_args(arguments)
    from sksofteq._demo import run_demo  # torch is imported only when it is needed

    run_demo(options.output, max_iter=options.max_iter)
    return 0


def positive_int(text: str) -> int:
    """Read a command line's positive integer; anything else is an error of use."""
    value = int(text) if text.strip().isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, got {text!r}")
    return value


if __name__ == "__main__":
    sys.exit(main())
