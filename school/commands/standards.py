"""`roomtone standards`: take standards from a file, list and search them, and forget some."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from contract.errors import UsageError
from contract.files.text_file import read_text
from school.plans.standard_store import StandardStore
from school.plans.standards_file import read_standards

__all__ = ["add_actions"]

Say = Callable[[str], None]


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Define the actions; `do` is called with a store, the arguments and `say`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    take = actions.add_parser("import", help="take the standards of a CASE package or a CSV file")
    take.add_argument("file", type=Path, metavar="FILE", help="JSON, or CSV with code and words")
    take.add_argument("--framework", metavar="NAME", help="what they are called; CSV needs it")
    take.set_defaults(do=_import)
    show = actions.add_parser("list", help="list frameworks, or the standards with these words")
    show.add_argument("words", nargs="*", metavar="WORD", help="in the code or the text")
    show.set_defaults(do=_list)
    remove = actions.add_parser("remove", help="forget the standards of a framework")
    remove.add_argument("framework", metavar="NAME")
    remove.set_defaults(do=_remove)
    return actions


def _import(store: StandardStore, args: argparse.Namespace, say: Say) -> None:
    name = " ".join(args.framework.split()) if args.framework else None
    found = read_standards(read_text(args.file), str(args.file), name)
    before = store.replace(found[0].framework, found)
    say(
        f"{found[0].framework}: {_counted(len(found))}, in the place of {before}."
        if before
        else f"{found[0].framework}: {_counted(len(found))}."
    )


def _list(store: StandardStore, args: argparse.Namespace, say: Say) -> None:
    if not args.words:
        for framework, count in store.frameworks().items():
            say(f"{framework}: {_counted(count)}")
        return
    for one in store.search(" ".join(args.words), limit=200):
        say(f"{one.code}  {one.words}  ({one.framework})")


def _remove(store: StandardStore, args: argparse.Namespace, say: Say) -> None:
    gone = store.remove(args.framework)
    if not gone:
        raise UsageError(
            f"there is no framework {args.framework}; `roomtone standards list` shows all."
        )
    say(f"{args.framework}: {_counted(gone)} removed. Plans keep the codes that they name.")


def _counted(count: int) -> str:
    return f"{count} standard" if count == 1 else f"{count} standards"
