"""`roomtone room`: `school/commands/room.py` on this server's settings and store, and codes for kits."""

from __future__ import annotations

import argparse
import io
import time
from contextlib import closing

import segno

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from ingest.authority.records import EnrolmentCode
from ingest.commissioning.codes import code_maker
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import School, open_school
from school.audit.actor import Actor
from school.commands.room import RoomDesk, add_actions

__all__ = ["add_arguments", "code_lines", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = add_actions(parser)
    code = actions.add_parser("code", help="make a code with which one Pi becomes a described kit")
    code.add_argument("kit", metavar="NODE", help="the kit's name; `roomtone room list` shows all")
    code.set_defaults(do=None)
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        if args.do is None:
            return _code(settings, school, args.kit)
        desk = RoomDesk(store=school.rooms, site=settings.site, clock=SystemClock(), say=say)
        args.do(desk, args)
    return 0


def _code(settings: ServerSettings, school: School, node: str) -> int:
    found = next(
        (each for each in school.rooms.rooms().values() if node in {kit.node for kit in each.kits}),
        None,
    )
    if found is None:
        raise UsageError(f"No room has a kit {node}; `roomtone room list` shows all.")
    made = code_maker(settings).new_code(found, node)
    by = Actor(name="roomtone room", utc_ns=SystemClock().utc_ns())
    school.audit.record_code(by, found.name, node)
    for line in code_lines(made, node, settings.authority.server, time.time()):
        say(line)
    return 0


def code_lines(made: EnrolmentCode, node: str, server: str, now_s: float) -> list[str]:
    """What a technician types on the kit, and the QR code for a scanner."""
    minutes = max(1, round((made.expires.timestamp() - now_s) / 60))
    lines = [
        (
            f"code {made.code[:3]} {made.code[3:]} for {node}: for one Pi, once, in the next {minutes} "
            "minutes"
        ),
        f"on the Pi: sudo roomtone enrol --server {server or 'SERVER'} --code {made.code}",
    ]
    if made.qr_text:
        drawn = io.StringIO()
        segno.make(made.qr_text, error="m").terminal(drawn, compact=True, border=2)
        lines += ["or with a scanner: sudo roomtone enrol --qr -", *drawn.getvalue().splitlines()]
    return lines
