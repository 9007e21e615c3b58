"""Command line: ``python -m sksofteq demo``, ``fit``, ``predict`` and ``report``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

FOLDER = "folder that fit has written; loading a model.joblib in it runs code: take only your own"
FORMAT = "how the model is kept: joblib, or skops, which others can load without running code"
DESCRIPTION = "Find the symmetries of a table, and predict better for knowing."
EXAMPLE = """\
example:
  python -m sksofteq fit bodies.csv --target "I_*" --rep-in "m*=scalar" --rep-in "x,y,z=vector"
      --rep-out "tensor(2)" --symmetry "O(2)@x,y" --symmetry "O(2)@y,z" --output bodies
  python -m sksofteq predict bodies more.csv --output predicted.csv
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; errors of use are one line.

    Parameters
    ----------
    arguments : list of str, default=None
        Command line, `sys.argv` by default.

    Returns
    -------
    status : int
        0 for success, 2 for an error of use.
    """
    options = make_parser().parse_args(arguments)
    try:
        options.run(options)
    except (ValueError, TypeError, ImportError, OSError) as error:
        lines = " ".join(str(error).split())
        print(f"python -m sksofteq {options.command}: error: {lines}", file=sys.stderr)
        return 2
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The commands and their options; nothing heavy is imported before one runs."""
    parser = argparse.ArgumentParser(
        prog="python -m sksofteq",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_demo(commands)
    _add_fit(commands)
    _add_predict(commands)
    _add_report(commands)
    return parser


def positive_int(text: str) -> int:
    """Read a command line's positive integer; anything else is an error of use."""
    value = int(text) if text.strip().isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be a positive integer, got {text!r}")
    return value


def dimension(text: str) -> tuple[str, int]:
    """Read NAME=SIZE."""
    name, _, size = text.partition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"must be like joint=31, got {text!r}")
    return name, positive_int(size)


def _add_demo(commands: argparse._SubParsersAction) -> None:
    demo = commands.add_parser("demo", help="find the symmetries of recorded human motion")
    demo.add_argument("--output", type=Path, default=Path("demo"), help="folder for the picture")
    demo.add_argument("--max-iter", type=positive_int, help="epochs (default: the demo's)")
    demo.set_defaults(run=_run_demo)


def _add_fit(commands: argparse._SubParsersAction) -> None:
    fit = commands.add_parser("fit", help="fit a table, print and draw what was found")
    fit.add_argument("data", type=Path, help="a .csv or .parquet file with named columns")
    add = _repeatable(fit)
    add("--target", "column to predict, or a pattern such as 'I_*'", required=True)
    add("--symmetry", "a candidate, such as 'O(2)@x,y'")
    add("--rep-in", "type of the other columns in order, or COLUMNS=TYPE: 'x,y,z=vector'")
    fit.add_argument("--rep-out", help="type of the targets (default: scalars)")
    add("--space", "dimension of a named space, such as joint=31", type=dimension)
    add("--drop", "column to leave out, or a pattern")
    fit.add_argument("--groups", help="column whose values say which rows belong together")
    fit.add_argument("--weight", help="column of sample weights")
    fit.add_argument("--max-iter", type=positive_int, default=200, help="epochs (200)")
    fit.add_argument("--seed", type=int, default=0, help="of the random numbers (0)")
    fit.add_argument("--output", type=Path, help="folder for the model (default: the data's name)")
    fit.add_argument("--format", choices=("joblib", "skops"), default="joblib", help=FORMAT)
    fit.set_defaults(run=_run_command("fit"))


def _add_predict(commands: argparse._SubParsersAction) -> None:
    predict = commands.add_parser("predict", help="predict with a model that was fitted here")
    predict.add_argument("model", type=Path, help=FOLDER)
    predict.add_argument("data", type=Path, help="a .csv or .parquet file")
    predict.add_argument("--output", type=Path, help="a .csv or .parquet file (default: print)")
    predict.set_defaults(run=_run_command("predict"))


def _add_report(commands: argparse._SubParsersAction) -> None:
    report = commands.add_parser("report", help="print again what a fit has found")
    report.add_argument("model", type=Path, help=FOLDER)
    report.set_defaults(run=_run_command("report"))


def _repeatable(parser: argparse.ArgumentParser) -> Callable[..., None]:
    def add(name: str, text: str, **settings: object) -> None:
        help_text = f"{text}; may be given again"
        parser.add_argument(name, action="append", help=help_text, **settings)

    return add


def _run_demo(options: argparse.Namespace) -> None:
    from sksofteq._demo import run_demo  # torch is imported only when it is needed

    run_demo(options.output, max_iter=options.max_iter)


def _run_command(name: str) -> Callable[[argparse.Namespace], None]:
    def run(options: argparse.Namespace) -> None:
        from sksofteq import _commands

        getattr(_commands, name)(options)

    return run


if __name__ == "__main__":
    sys.exit(main())
