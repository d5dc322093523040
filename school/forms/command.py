"""`roomtone form`: make a form of a CSV file, check one, and print those that ship."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contract.files.text_file import read_text, write_new
from contract.one_line import say
from school.forms.csv_file import form_of_csv
from school.forms.records import Form
from school.forms.yaml_file import EXAMPLES, read_form, write_form

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    make = actions.add_parser("import", help="make a YAML file of a CSV file")
    make.add_argument(
        "file", type=Path, metavar="FILE.csv", help="with section, item, description, kind"
    )
    make.add_argument("--out", type=Path, required=True, metavar="FILE.yaml", help="a new file")
    make.add_argument("--name", required=True, help="what the form is called")
    make.add_argument("--about", required=True, help="what it is for, and how to fill it")
    make.add_argument("--source", required=True, help="whose it is, and under which licence")
    make.add_argument("--version", default="1", help="such as 2026-09 (default: 1)")
    make.set_defaults(do=_import)
    check = actions.add_parser("check", help="say whether a YAML file is a form")
    check.add_argument("file", type=Path, metavar="FILE.yaml")
    check.set_defaults(do=_check)
    show = actions.add_parser("show", help="print a form that comes with the program")
    show.add_argument("name", choices=sorted(EXAMPLES))
    show.set_defaults(do=_show)


def run(args: argparse.Namespace) -> int:
    args.do(args)
    return 0


def _import(args: argparse.Namespace) -> None:
    form = form_of_csv(
        read_text(args.file), file=str(args.file), name=args.name, version=args.version,
        source=args.source, about=args.about,
    )  # fmt: skip
    write_new(args.out, write_form(form))
    say(f"{args.out}: {_counted(form)}.")


def _check(args: argparse.Namespace) -> None:
    say(f"{args.file}: {_counted(read_form(args.file))}.")


def _show(args: argparse.Namespace) -> None:
    sys.stdout.write(EXAMPLES[args.name].read_text(encoding="utf-8"))


def _counted(form: Form) -> str:
    sections, items = len(form.sections), len(form.items)
    return (
        f"{form.name}, version {form.version}, with {items} "
        f"{'item' if items == 1 else 'items'} in {sections} "
        f"{'section' if sections == 1 else 'sections'}"
    )
