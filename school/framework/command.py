"""`roomtone framework`: make a framework of a CSV file, and check one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contract.files.text_file import read_text, write_new
from contract.one_line import say
from school.framework.csv_file import framework_of_csv
from school.framework.records import Framework
from school.framework.yaml_file import EXAMPLES, read_framework, write_framework

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    make = actions.add_parser("import", help="make a YAML file of a CSV file")
    make.add_argument("file", type=Path, metavar="FILE.csv", help="with group, tag, description")
    make.add_argument("--out", type=Path, required=True, metavar="FILE.yaml", help="a new file")
    make.add_argument("--name", required=True, help="what the framework is called")
    make.add_argument("--source", required=True, help="whose it is, and under which licence")
    make.add_argument("--version", default="1", help="such as 2026-09 (default: 1)")
    make.set_defaults(do=_import)
    check = actions.add_parser("check", help="say whether a YAML file is a framework")
    check.add_argument("file", type=Path, metavar="FILE.yaml")
    check.set_defaults(do=_check)
    show = actions.add_parser("show", help="print a framework that comes with the program")
    show.add_argument("name", choices=sorted(EXAMPLES))
    show.set_defaults(do=_show)


def run(args: argparse.Namespace) -> int:
    args.do(args)
    return 0


def _import(args: argparse.Namespace) -> None:
    framework = framework_of_csv(
        read_text(args.file), file=str(args.file), name=args.name, version=args.version,
        source=args.source,
    )  # fmt: skip
    write_new(args.out, write_framework(framework))
    say(f"{args.out}: {_counted(framework)}.")


def _check(args: argparse.Namespace) -> None:
    say(f"{args.file}: {_counted(read_framework(args.file))}.")


def _show(args: argparse.Namespace) -> None:
    sys.stdout.write(EXAMPLES[args.name].read_text(encoding="utf-8"))


def _counted(framework: Framework) -> str:
    groups, tags = len(framework.groups), len(framework.labels)
    return (
        f"{framework.name}, version {framework.version}, with {tags} "
        f"{'tag' if tags == 1 else 'tags'} in {groups} {'group' if groups == 1 else 'groups'}"
    )
