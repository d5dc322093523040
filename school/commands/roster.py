"""`roomtone roster`: people, schools, classes and terms follow a student information system."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from contract.files.secret_file import read_secret
from school.audit.actor import Actor
from school.people.from_roster.store import RosterStore
from school.rooms.store import RoomStore
from school.roster.difference_lines import count_lines, difference_lines, room_lines
from school.roster.planning import plan_sync
from school.roster.reading import read_roster
from school.roster.rest import RestRoster
from school.roster.source import RosterSource
from school.roster.zip_file import ZipRoster

__all__ = ["RosterDesk", "add_actions"]

_VARIABLE: Final = "ROOMTONE_ROSTER_SECRET"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterDesk:
    """What the commands need."""

    store: RosterStore
    rooms: RoomStore
    by: Actor
    today: date
    say: Callable[[str], None]


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Define the actions; `do` is called with a `RosterDesk` and the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    syncing = actions.add_parser(
        "sync", help="take over what a OneRoster archive says; nothing of pupils is kept"
    )
    syncing.add_argument(
        "file", type=Path, metavar="FILE", help="a zip archive of OneRoster 1.1 or 1.2"
    )
    syncing.add_argument(
        "--dry-run", action="store_true", help="print what would change, and change nothing"
    )
    syncing.set_defaults(do=_sync_file)
    fetching = actions.add_parser(
        "fetch", help="the same from a OneRoster server, by its REST service"
    )
    fetching.add_argument(
        "url", metavar="URL",
        help="its address, such as https://sis.example/ims/oneroster/rostering/v1p2; it says which version",
    )  # fmt: skip
    fetching.add_argument("--token-url", required=True, metavar="URL", help="where it gives tokens")
    fetching.add_argument(
        "--client-id", required=True, metavar="ID", help="as its administrator gave it"
    )
    fetching.add_argument(
        "--secret-file", type=Path, metavar="FILE",
        help=f"what holds the client's secret (default: the variable {_VARIABLE})",
    )  # fmt: skip
    fetching.add_argument(
        "--dry-run", action="store_true", help="print what would change, and change nothing"
    )
    fetching.set_defaults(do=_fetch)
    return actions


def _sync_file(desk: RosterDesk, args: argparse.Namespace) -> None:
    with ZipRoster(args.file) as source:
        sync(desk, source, is_dry_run=args.dry_run)


def _fetch(desk: RosterDesk, args: argparse.Namespace) -> None:
    secret = read_secret(args.secret_file, _VARIABLE)
    if not secret:
        raise UsageError(
            f"There is no client secret: name its file with --secret-file, or set {_VARIABLE}."
        )
    with RestRoster(args.url, args.token_url, args.client_id, secret) as source:
        sync(desk, source, is_dry_run=args.dry_run)


def sync(desk: RosterDesk, source: RosterSource, *, is_dry_run: bool) -> None:
    """Make the store follow a roster, all of it or nothing; raises UsageError for what is wrong."""
    known = desk.store.known()
    reading = read_roster(source, known.roster, desk.today)
    difference = plan_sync(known, reading.roster)
    for line in difference_lines(difference):
        desk.say(line)
    for line in room_lines(difference.roster, desk.rooms.rooms().values()):
        desk.say(line)
    for line in count_lines(reading.counts):
        desk.say(line)
    if difference.is_empty:
        desk.say("Nothing is different from the last sync.")
        return
    if is_dry_run:
        desk.say("Nothing was changed (--dry-run).")
        return
    desk.store.apply(difference, known, desk.by)
    desk.say(
        "All of this was written. Nobody can come in by it: invite people on the page People."
        if difference.new_people
        else "All of this was written."
    )
