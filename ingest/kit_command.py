"""`roomtone kit`: a kit shows itself, starts again, pauses, resumes, or gets other settings.

The command writes what is asked into the school's database; `roomtone ingest` passes it on, and keeps
the kit's answer there.
"""

from __future__ import annotations

import argparse
import secrets
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Final, get_args

from contract.clock import SECOND_NS, Clock, SystemClock
from contract.errors import KitAnswerError, UsageError
from contract.one_line import say
from contract.wire.messages import CommandName
from ingest.config_option import add_config_option
from ingest.nodes.kit_requests import RELEASE
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from school import School, open_school
from school.audit.actor import Actor
from school.control.records import KitRequest

__all__ = ["KitDesk", "add_arguments", "run"]

_WORDS: Final = {
    "identify": "a kit and its hubs blink for five seconds",
    "restart": "its agent starts again, and loses nothing",
    "pause": "it senses nothing until `resume`, also over a reboot; a button's or a page's pause is another one",
    "resume": "ends what `pause` began",
}
_ASK_EACH_S: Final = 0.25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, words in _WORDS.items():
        action = actions.add_parser(name, help=words, description=words)
        _add_kit(action)
        if name == "identify":
            action.add_argument("--hub", help="this hub alone")
        action.add_argument(
            "--wait", type=float, default=65.0, metavar="SECONDS",
            help="how long to wait for the kit's answer (default: 65; 0: do not wait)",
        )  # fmt: skip
        action.set_defaults(hub=None)
    settings = actions.add_parser(
        "set", help="give it other settings than its own file has, for example spill_s=20"
    )
    _add_kit(settings)
    settings.add_argument(
        "settings",
        nargs="+",
        metavar="KEY=VALUE",
        help="KEY= alone: what the kit's file says again",
    )
    _add_kit(actions.add_parser("settings", help="what it was given, and what it follows"))
    add_config_option(parser, actions)


def _add_kit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("node", help="the kit's name")
    parser.add_argument("--room", help="its room, if kits of several rooms have this name")


class KitDesk:
    """What the command does, on a school's data; `rooms` has the rooms from which a kit reported."""

    def __init__(
        self, *, school: School, rooms: Callable[[str], set[str]], clock: Clock,
        wait: Callable[[float], object], write: Callable[[str], None], name: str = "roomtone kit",
    ) -> None:  # fmt: skip
        self._control = school.control
        self._rooms = rooms
        self._clock = clock
        self._wait = wait
        self._write = write
        self._name = name

    def ask(
        self, command: str, node: str, *, room: str | None, hub: str | None, wait_s: float
    ) -> None:
        """Give a command and wait for the answer. Raises KitAnswerError if it is not done."""
        assert command in {*get_args(CommandName), RELEASE}
        asked = KitRequest(
            room=self.room(node, room), node=node, id=secrets.token_hex(8), command=command,
            hub=hub, asked_utc_ns=self._clock.utc_ns(),
        )  # fmt: skip
        self._control.ask(asked, self._by())
        until_ns = self._clock.elapsed_ns() + round(wait_s * SECOND_NS)
        while self._clock.elapsed_ns() < until_ns:
            found = self._control.last_requests(asked.room).get(node)
            if found is None or found.id != asked.id:
                raise KitAnswerError(f"{node} got a later command, so this one has no answer.")
            if found.is_done:
                self._write(f"{node}: done.")
                return
            if found.is_done is not None:
                raise KitAnswerError(f"{node} did not do it: {found.why}.")
            self._wait(_ASK_EACH_S)
        if wait_s:
            raise KitAnswerError(
                f"{node} has not answered, nor has `roomtone ingest`: check that ingest runs."
            )
        self._write(f"{node}: asked.")

    def set(self, node: str, given: list[str], *, room: str | None) -> None:
        """Change what a kit has otherwise than in its file. Raises UsageError."""
        place = self.room(node, room)
        settings = dict(self._control.settings().get((place, node), {}))
        for text in given:
            key, is_there, value = text.partition("=")
            if not is_there or not key:
                raise UsageError(
                    f"{text!r} is no setting: write KEY=VALUE, or KEY= to take it back."
                )
            settings.pop(key, None)
            if value:
                settings[key] = _number(key, value)
        self._control.put_settings(place, node, settings, self._by())
        self._write(
            f"{node} gets: {_text(settings)}. `roomtone kit settings {node}` shows what it follows."
        )

    def show(self, node: str, *, room: str | None, followed: dict[str, float] | None,
             troubles: tuple[str, ...]) -> None:  # fmt: skip
        """What a kit was given, and what it says that it follows."""
        place = self.room(node, room)
        given = self._control.settings().get((place, node), {})
        self._write(f"given: {_text(given)}")
        self._write(f"followed: {'not known' if followed is None else _text(followed)}")
        for sentence in troubles:
            self._write(f"not followed: {sentence}")

    def room(self, node: str, room: str | None) -> str:
        """The room that is meant; raises UsageError if it is none, or one of several."""
        rooms = self._rooms(node)
        if room is not None:
            if room not in rooms:
                raise UsageError(f"No kit {node!r} has reported from room {room!r}.")
            return room
        if not rooms:
            raise UsageError(f"No kit {node!r} has reported: `roomtone fleet` lists the kits.")
        if len(rooms) > 1:
            raise UsageError(
                f"Kits called {node!r} have reported from {', '.join(sorted(rooms))}: name one with --room."
            )
        return next(iter(rooms))

    def _by(self) -> Actor:
        return Actor(name=self._name, utc_ns=self._clock.utc_ns())


def _number(key: str, value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"{key} = {value!r} is no number.") from None


def _text(settings: dict[str, float]) -> str:
    return ", ".join(f"{key} = {value:g}" for key, value in sorted(settings.items())) or "nothing"


def run(args: argparse.Namespace) -> int:
    """Obey; raises UsageError and KitAnswerError."""
    settings = ServerSettings.load(args.config)
    with (
        closing(open_school(settings.data_dir, settings.school.database_url)) as school,
        closing(open_period_reader(settings.data_dir)) as periods,
    ):
        kits = {(stream.node, stream.room): stream for stream in periods.runs("newest")}
        desk = KitDesk(
            school=school, rooms=lambda node: {room for name, room in kits if name == node},
            clock=SystemClock(), wait=threading.Event().wait, write=say,
        )  # fmt: skip
        if args.action == "set":
            desk.set(args.node, args.settings, room=args.room)
        elif args.action == "settings":
            found = [
                kits[key] for key in kits if key[0] == args.node and args.room in {None, key[1]}
            ]
            health = periods.health(found[-1].id) if found else None
            reported = None if health is None else health.reported
            desk.show(
                args.node, room=args.room, followed=None if reported is None else reported.settings,
                troubles=() if reported is None else reported.troubles,
            )  # fmt: skip
        else:
            desk.ask(args.action, args.node, room=args.room, hub=args.hub, wait_s=args.wait)
    return 0
