"""`roomtone`: one command with a subcommand for each program.

A program's module is imported only when its command is used, so a Pi needs no web server and a
server needs no serial library.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from contract.errors import RoomtoneError
from contract.one_line import OneLineFormatter, one_line
from roomtone.as_owner import AS_OWNER, become, owner_of
from roomtone.own_packages import OWN_PACKAGES, foreign_package

__all__ = ["COMMANDS", "main"]

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": (
        "roomtone.demo.command",
        "run one simulated class through all programs, and serve its pages",
    ),
    "replay": ("roomtone.demo.replay", "play recorded motion through all programs"),
    "edge": ("edge_agent.command", "read hubs in a classroom and publish (on the Raspberry Pi)"),
    "authority": (
        "ingest.commissioning.authority_command",
        "hold the site's key, and make certificates for kits (on the server)",
    ),
    "enrolment": (
        "ingest.commissioning.enrolment_command",
        "listen for kits that enrol or renew their certificates (on the server)",
    ),
    "enrol": (
        "edge_agent.enrolment.command",
        "make this Pi a kit of a room with a code from the server (on the Raspberry Pi)",
    ),
    "release": (
        "edge_agent.release.command",
        "list, install and take back the releases on a kit (on the Raspberry Pi)",
    ),
    "node": (
        "ingest.commissioning.node_command",
        "list kits with their certificates, make a code for one, and lock one out",
    ),
    "broker": (
        "ingest.commissioning.broker_command",
        "write the configuration of the MQTT broker, Mosquitto (on the server)",
    ),
    "ingest": ("ingest.receiving.command", "store what the nodes publish (on the server)"),
    "score": ("ingest.scoring.command", "score the stored data (on the server)"),
    "replicate": (
        "ingest.replicating.command",
        "copy the stored data to time-series databases (on the server)",
    ),
    "dashboard": ("dashboard_api.command", "serve the pages (on the server)"),
    "admin": (
        "dashboard_api.people.admin_command",
        "add the first administrator, and print links to choose a password",
    ),
    "lti": (
        "dashboard_api.lti.command",
        "set up learning platforms that open the pages (LTI 1.3), and the keys for them",
    ),
    "people": (
        "dashboard_api.data_subjects.command",
        "export all that is held about someone, and remove the name of who leaves",
    ),
    "roster": (
        "ingest.roster_command",
        "take over schools, teachers, classes and terms from a OneRoster archive or server",
    ),
    "lesson": ("ingest.lesson_command", "start, stop, import and list lessons"),
    "framework": ("school.framework.command", "make and check the tags for notes"),
    "pulse": ("school.pulse.command", "check the short questions about the coaching itself"),
    "form": ("school.forms.command", "make and check rubrics and walkthrough forms"),
    "standards": (
        "ingest.standards_command",
        "import, search and remove the standards that lesson plans name",
    ),
    "video": (
        "ingest.video_command",
        "show how videos are kept, copy them, and change their key file",
    ),
    "seat": ("ingest.seat_command", "opt a seat out of sensing, or in again"),
    "school-year": (
        "ingest.school_year_command",
        "end what is left open of a school year: shares, offers, cycles, planned lessons",
    ),
    "aside": (
        "ingest.receiving.aside.command",
        "list, show and replay messages that were put aside",
    ),
    "audit": (
        "ingest.audit_command",
        "show who saw, shared and changed what, and check that this log is whole",
    ),
    "evaluation": (
        "roomtone.evaluation.command",
        "fix the plan of an evaluation before its data, and write what a researcher needs",
    ),
    "oversight": (
        "roomtone.oversight.command",
        "write what a privacy committee asks for: data, retention, rights, use, purges, answers",
    ),
    "site": (
        "ingest.moving.command",
        "add a site, list those of a store, and move one to another server",
    ),
    "aggregates": (
        "ingest.aggregates.command",
        "show a month's figures as they would leave for a collector, and send them",
    ),
    "collector": (
        "roomtone.collector.command",
        "hold and show the signed figures of many sites (on a server beyond the schools)",
    ),
    "fleet": (
        "ingest.fleet.command",
        "show each room's kits: live or not, what reports, what is wrong and what to do",
    ),
    "kit": (
        "ingest.kit_command",
        "make a kit show itself, start again, pause or resume; give it settings",
    ),
    "room": ("ingest.room_command", "describe rooms: seats, zones, and the kits with their hubs"),
    "purge": (
        "ingest.purge.command",
        "delete the data of a room, seat, lesson or time span for good",
    ),
    "server": (
        "roomtone.server.command",
        "set a school's server up, and prove its backups (on the server)",
    ),
    "backup": ("ingest.backup.command", "copy the server's data while it runs"),
    "restore": ("ingest.backup.restore_command", "restore a backup into an empty data directory"),
    "doctor": ("roomtone.doctor_command", "check a node or a server, and say what to do"),
    "sound": (
        "edge_agent.sound_command",
        "listen for some seconds, print the level, and calibrate it (on the Raspberry Pi)",
    ),
    "faults": (
        "roomtone.faults.command",
        "cause every known fault in the chain, and count the readings",
    ),
    "load": (
        "roomtone.load.command",
        "send what simulated districts send, and count what was kept and scored, and how late",
    ),
    "simulate": ("simulators.command", "run a virtual classroom on pseudo-terminals"),
    "model": ("roomtone.model_cli.command", "train and evaluate the off-task model"),
}
"""Subcommand → (module with `add_arguments` and `run`, its purpose)."""

_EXTRA_OF: Final = {
    "demo": "demo",
    "replay": "demo",
    "edge": "edge",
    "enrol": "edge",
    "release": "edge",
    "faults": "faults",
    "load": "faults",
    "simulate": "demo",
    "sound": "edge",
    "model": "train",
}
"""Subcommand → the extra that installs what it needs; the others need `server`."""

_OURS: Final = frozenset({"roomtone", *OWN_PACKAGES})
_EXIT_INTERRUPTED: Final = 130


class _Parser(argparse.ArgumentParser):
    """Reports an error in one sentence, and names the help option."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)}. Try `{self.prog} --help`.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; returns its exit code: 0 done, 1 failed at run time, 2 bad input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _Parser(
        prog="roomtone",
        description="Senses how a classroom moves and how loud it is, never what anyone says.",
        epilog="`roomtone COMMAND --help` says more.",
    )
    parser.add_argument(
        "--log-level",
        default=os.environ.get("ROOMTONE_LOG_LEVEL", "info"),
        choices=["debug", "info", "warning", "error"],
        help="minimum level of messages on standard error (default: info)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = next((word for word in arguments if word in COMMANDS), None)
    for name, (module, purpose) in COMMANDS.items():
        sentence = f"{purpose[0].upper()}{purpose[1:]}."
        command = commands.add_parser(name, help=purpose, description=sentence)
        if name == wanted:
            try:
                program = import_module(module)
            except ModuleNotFoundError as error:
                return _say(_missing(name, error), 1)
            program.add_arguments(command)
            command.set_defaults(run=program.run)
    chosen = parser.parse_args(arguments)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=chosen.log_level.upper(), handlers=[handler])
    if chosen.log_level != "debug":
        # It lists its plugins at each upgrade of a database; school/ itself reports the upgrade.
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each page of a roster
    if os.geteuid() == 0 and chosen.command in AS_OWNER and (owner := owner_of(chosen.config)):
        print(f"roomtone: as {become(owner)}, who owns the data", file=sys.stderr)
    try:
        code: int = chosen.run(chosen)
    except RoomtoneError as error:
        return _say(str(error), error.exit_code)
    except PermissionError as error:
        where = error.filename or "a file"
        return _say(
            f"This user has no permission for {where} ({error.strerror}); run the command as the "
            "owner of the data, or name another path.",
            1,
        )
    except ModuleNotFoundError as error:
        return _say(_missing(chosen.command, error), 1)
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _say(message: str, code: int) -> int:
    print(f"roomtone: {one_line(message)}", file=sys.stderr)
    return code


def _missing(name: str, error: ModuleNotFoundError) -> str:
    if (error.name or "").partition(".")[0] in _OURS:
        if found := foreign_package():
            return found
        raise error  # a defect of ours, not a missing package
    extra = _EXTRA_OF.get(name, "server")
    return (
        f"`roomtone {name}` needs the package {error.name}, which is not installed here; "
        f"install roomtone[{extra}]."
    )
