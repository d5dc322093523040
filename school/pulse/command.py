"""`roomtone pulse`: check a file of questions, and print those that come with the program."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contract.one_line import say
from school.pulse.questions import DEFAULT, read_questions, write_questions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="say whether a YAML file has questions")
    check.add_argument("file", type=Path, metavar="FILE.yaml")
    check.set_defaults(do=_check)
    show = actions.add_parser("show", help="print the questions that come with the program")
    show.set_defaults(do=_show)


def run(args: argparse.Namespace) -> int:
    args.do(args)
    return 0


def _check(args: argparse.Namespace) -> None:
    found = "; ".join(
        f"{each.kind}: {each.text} ({', '.join(each.steps)})" for each in read_questions(args.file)
    )
    say(f"{args.file}: {found}.")


def _show(_args: argparse.Namespace) -> None:
    sys.stdout.write(write_questions(DEFAULT))
