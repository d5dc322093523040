"""`roomtone node`: the kits that have certificates, a code for one, and locking one out."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contract.clock import SystemClock
from contract.errors import LinkError
from contract.files.text_file import read_text
from contract.one_line import say
from ingest.authority.client import AuthorityClient
from ingest.authority.records import NodeState
from ingest.commissioning.release_command import add_release, release
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.audit.actor import Actor

__all__ = ["add_arguments", "run"]

_LOOK_S: Final = 0.25
_CODES: Final = {
    "none": "", "open": "a code is open", "expired": "its code is over",
    "void": "its code is void after five wrong tries",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the kits with certificates and codes")
    listing.set_defaults(do=_list)
    code = actions.add_parser("code", help="make a code with which a kit enrols")
    code.add_argument("node", metavar="NODE", help="the kit's name")
    code.add_argument("--room", required=True, metavar="ROOM", help="its room")
    code.add_argument("--site", metavar="SITE", help="its school (default: the settings' site)")
    code.add_argument(
        "--settings", required=True, type=Path, metavar="FILE", help="the edge.toml that it gets"
    )
    code.set_defaults(do=_code)
    revoke = actions.add_parser("revoke", help="lock a kit out, as when it was stolen")
    revoke.add_argument("node", metavar="NODE", help="the kit's name")
    revoke.add_argument(
        "--timeout", type=float, default=60.0, metavar="S",
        help="seconds to wait until its connection has ended (default: %(default)g)",
    )  # fmt: skip
    revoke.set_defaults(do=_revoke)
    release_words = "take a kit that is gone out of the pause of its room, which its button began"
    gone = actions.add_parser("release", help=release_words, description=release_words)
    add_release(gone)
    gone.set_defaults(do=release)
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    settings = ServerSettings.load(args.config)
    code: int = args.do(AuthorityClient(settings.authority.admin_socket), settings, args)
    return code


def _list(client: AuthorityClient, _: ServerSettings, __: argparse.Namespace) -> int:
    nodes = client.nodes()
    for node in nodes:
        say(f"{node.node}  {node.site}/{node.room}  {', '.join(_facts(node, datetime.now(UTC)))}")
    if not nodes:
        say("no kit has a certificate or a code yet")
    return 0


def _facts(node: NodeState, now: datetime) -> list[str]:
    facts = []
    if node.revoked_at is not None:
        ended = " and disconnected" if node.disconnected_at else "; its connection is being ended"
        facts.append(f"revoked{ended}")
    elif node.valid_until is None:
        facts.append("not enrolled yet")
    else:
        days = (node.valid_until - now).days
        facts.append(
            f"certificate until {node.valid_until:%Y-%m-%d}" if days >= 0
            else f"certificate ended {-days} days ago; it renews when the kit comes back"
        )  # fmt: skip
    if _CODES[node.code]:
        facts.append(_CODES[node.code])
    return facts


def _code(client: AuthorityClient, settings: ServerSettings, args: argparse.Namespace) -> int:
    text = read_text(args.settings)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        made = client.new_code(args.site or settings.site, args.room, args.node, text)
        school.audit.record_code(_by(), args.room, args.node)
    say(f"code {made.code[:3]} {made.code[3:]}, until {made.expires.astimezone():%H:%M}")
    server = settings.authority.server or "SERVER"
    say(f"on the kit: sudo roomtone enrol --server {server} --code {made.code}")
    if made.qr_text:
        say(f"or: sudo roomtone enrol --qr {made.qr_text}")
    return 0


def _by() -> Actor:
    return Actor(name="roomtone node", utc_ns=SystemClock().utc_ns())


def _revoke(client: AuthorityClient, settings: ServerSettings, args: argparse.Namespace) -> int:
    room = next((each.room for each in client.nodes() if each.node == args.node), "")
    begin = time.monotonic()
    client.revoke(args.node)
    say(f"{args.node}: its certificates are revoked")
    # Afterwards: a database that does not answer must not keep a stolen kit in.
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        school.audit.record_lock_out(_by(), room, args.node)
    while time.monotonic() - begin < args.timeout:
        found = next((node for node in client.nodes() if node.node == args.node), None)
        if found is None or found.revoked_at is None:
            say(f"{args.node} had a code and no certificate; the code is void")
            return 0
        if found.disconnected_at is not None:
            took = time.monotonic() - begin
            say(f"{args.node} is locked out: the broker refuses it, after {took:.1f} s")
            return 0
        time.sleep(_LOOK_S)
    raise LinkError(
        f"The broker has not locked {args.node} out within {args.timeout:g} s: see that "
        "roomtone-enrolment.service runs, and run `sudo roomtone broker apply`."
    )
