"""`roomtone node release`: a kit that is gone for good pauses its room no longer.

Only the button ends what the button began, so this is for a kit whose button nobody can press: one that
is locked out, or that has not reported for a day.
"""

from __future__ import annotations

import argparse
import threading
from contextlib import closing
from typing import Final

from contract.clock import SECOND_NS, Clock, SystemClock
from contract.errors import LinkError, StoreError, UsageError
from contract.one_line import say
from ingest.authority.client import AuthorityClient
from ingest.fleet.facts import KitFacts, kit_facts
from ingest.kit_command import KitDesk
from ingest.nodes.button_releases import is_pressed
from ingest.nodes.kit_requests import RELEASE
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from ingest.stores.protocol import PeriodReader
from school import open_school

__all__ = ["add_release", "release", "require_gone"]

_DAY_NS: Final = 86_400 * SECOND_NS


def add_release(parser: argparse.ArgumentParser) -> None:
    """Define the action's arguments."""
    parser.add_argument("node", metavar="NODE", help="the kit's name")
    parser.add_argument("--room", metavar="ROOM", help="its room, if it reported from several")
    parser.add_argument(
        "--timeout", type=float, default=65.0, metavar="S",
        help="seconds to wait until ingest has done it (default: %(default)g)",
    )  # fmt: skip


def release(
    client: AuthorityClient, settings: ServerSettings, args: argparse.Namespace,
    clock: Clock | None = None,
) -> int:  # fmt: skip
    """Ask ingest for it; raises UsageError, and KitAnswerError if it is not done."""
    clock = clock or SystemClock()
    with (
        closing(open_school(settings.data_dir, settings.school.database_url)) as school,
        closing(open_period_reader(settings.data_dir)) as periods,
    ):
        pressed = {kit.room: kit for kit in _kits(periods, args.node, clock.utc_ns())}
        desk = KitDesk(
            school=school, rooms=lambda _node: set(pressed), clock=clock,
            wait=threading.Event().wait, write=say, name="roomtone node",
        )  # fmt: skip
        room = desk.room(args.node, args.room)
        heard = _last_heard(periods, pressed[room])
        require_gone(
            pressed[room], heard, clock.utc_ns(), is_locked_out=_is_revoked(client, args.node)
        )
        desk.ask(RELEASE, args.node, room=room, hub=None, wait_s=args.timeout)
    return 0


def require_gone(
    kit: KitFacts, heard_utc_ns: int | None, now_utc_ns: int, *, is_locked_out: bool
) -> None:
    """Raise UsageError for a kit whose button pauses nothing, or can still be pressed."""
    if not is_pressed(kit.health):
        raise UsageError(f"The button of {kit.node} does not pause room {kit.room}.")
    if kit.is_up:
        raise UsageError(f"{kit.node} is on: press its button, which ends the pause.")
    if is_locked_out or (heard_utc_ns is not None and now_utc_ns - heard_utc_ns >= _DAY_NS):
        return
    since = (
        ""
        if heard_utc_ns is None
        else f" {(now_utc_ns - heard_utc_ns) // (3600 * SECOND_NS)} h ago"
    )
    raise UsageError(
        f"{kit.node} was there{since}: switch it on and press its button. A kit that is lost is "
        f"released after a day without a report, or once `roomtone node revoke {kit.node}` has locked "
        "it out."
    )


def _kits(periods: PeriodReader, node: str, now_utc_ns: int) -> list[KitFacts]:
    return [
        kit_facts(periods, stream, now_utc_ns=now_utc_ns)
        for stream in periods.runs("newest")
        if stream.node == node
    ]


def _last_heard(periods: PeriodReader, kit: KitFacts) -> int | None:
    """When it was heard last, to a minute: it reports its clock each minute, in lessons and between."""
    # None where its room is purged between two reads; of several the latest word counts.
    runs = [each for each in periods.newest_runs(kit.room) if each.node == kit.node]
    clocks = [each.utc_ns for run in runs for each in periods.timebases(run) if each.synchronised]
    return max([*clocks, *([] if kit.newest_utc_ns is None else [kit.newest_utc_ns])], default=None)


def _is_revoked(client: AuthorityClient, node: str) -> bool:
    """As far as the authority can be asked: a kit that has not reported for a day needs no word of it."""
    try:
        return any(each.node == node and each.revoked_at is not None for each in client.nodes())
    except (LinkError, StoreError):
        return False
