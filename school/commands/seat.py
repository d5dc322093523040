"""`roomtone seat`: opt a seat out of sensing, or in again.

The kit obeys: it drops a seat that has opted out before anything is computed of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from contract.errors import UsageError
from school.lessons.protocol import OptOuts
from school.timetable.entries import as_room

__all__ = ["add_actions"]

_HIGHEST_SEAT: Final = 255
_SEAT: Final = "the room's name and the seat's number, such as room-12:4"

Say = Callable[[str], None]


def add_actions(
    parser: argparse.ArgumentParser,
    # argparse has no public name for it.
) -> argparse._SubParsersAction[argparse.ArgumentParser]:
    """Say what the command takes; `do` is called with a store, the arguments and `say`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    out = actions.add_parser("opt-out", help="sense nothing of a seat from now on")
    out.add_argument("seat", metavar="ROOM:N", help=_SEAT)
    out.set_defaults(do=_opt_out)
    back = actions.add_parser("opt-in", help="sense a seat again that has opted out")
    back.add_argument("seat", metavar="ROOM:N", help=_SEAT)
    back.set_defaults(do=_opt_in)
    show = actions.add_parser("list", help="which seats have opted out")
    show.set_defaults(do=_list)
    return actions


def _opt_out(store: OptOuts, args: argparse.Namespace, say: Say) -> None:
    room, seat = _seat(args.seat)
    store.opt_out(room, seat)
    say(f"Seat {seat} of room {room} is sensed no more, as soon as its kit has heard of it.")
    say("`roomtone doctor` names a kit that has not heard yet: until then it goes on.")
    say(f"What was kept before stays; `roomtone purge --seat {room}:{seat}` removes it.")


def _opt_in(store: OptOuts, args: argparse.Namespace, say: Say) -> None:
    room, seat = _seat(args.seat)
    if not store.opt_in(room, seat):
        raise UsageError(
            f"seat {seat} of room {room} has not opted out; `roomtone seat list` shows who has."
        )
    say(f"Seat {seat} of room {room} is sensed again.")


def _list(store: OptOuts, _: argparse.Namespace, say: Say) -> None:
    for room, seat in store.opted_out():
        say(f"{room}:{seat}")


def _seat(text: str) -> tuple[str, int]:
    room, _, number = text.rpartition(":")
    if not room or not number.isdecimal() or not 1 <= int(number) <= _HIGHEST_SEAT:
        raise UsageError(f"{text!r} names no seat; expected ROOM:N, such as room-12:4.")
    return as_room(room, "ROOM:N"), int(number)
