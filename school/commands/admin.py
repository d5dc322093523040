"""`roomtone admin`: the first administrator, a new link for anybody, and the table of rights."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from contract.errors import UsageError
from school.audit.actor import Actor
from school.people.records import Person
from school.people.store import PeopleStore
from school.sharing.policy import policy_lines

__all__ = ["AdminDesk", "add_actions"]


@dataclass(frozen=True, slots=True)
class AdminDesk:
    """What the commands need."""

    people: PeopleStore
    address: str
    """Of the pages, as a person opens them, such as http://127.0.0.1:8000."""
    by: Actor
    say: Callable[[str], None]


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Define the actions; `do` is called with an `AdminDesk` and the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    create = actions.add_parser("create", help="add an administrator, and print a link for them")
    create.add_argument("--name", required=True, help="their name, as people know it")
    create.add_argument(
        "--sign-in-name", required=True, metavar="NAME",
        help="their e-mail address, or another name to sign in with",
    )  # fmt: skip
    create.set_defaults(do=_create)
    link = actions.add_parser("link", help="print a new link to choose a password, for anybody")
    link.add_argument("sign_in_name", metavar="NAME", help="the name that they sign in with")
    link.add_argument(
        "--without-second-factor", action="store_true",
        help="also forget their second factor, for who has lost their phone",
    )  # fmt: skip
    link.set_defaults(do=_link)
    rights = actions.add_parser("rights", help="print what each role may do")
    rights.set_defaults(do=_rights)
    return actions


def _create(desk: AdminDesk, args: argparse.Namespace) -> None:
    person = desk.people.add(args.name, args.sign_in_name, ["administrator"], desk.by)
    _print_link(desk, person)


def _link(desk: AdminDesk, args: argparse.Namespace) -> None:
    person = desk.people.named(args.sign_in_name)
    if person is None:
        raise UsageError(
            f"nobody signs in as {args.sign_in_name}; the page of people lists everybody's name."
        )
    if args.without_second_factor:
        desk.people.set_second_factor(person.id, None, desk.by)
    _print_link(desk, person)


def _print_link(desk: AdminDesk, person: Person) -> None:
    token = desk.people.invite(person.id, desk.by)
    desk.say(f"{desk.address}/invitation/{token}")
    desk.say(f"With this link {person.name} chooses a password. It works once, for seven days.")


def _rights(desk: AdminDesk, _: argparse.Namespace) -> None:
    # Actions down, roles across: there are more actions than fit a terminal's width.
    table = list(zip(*policy_lines(), strict=True))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        desk.say(line.rstrip())
