"""`roomtone lti`: the learning platforms that may open the pages, and our keys for them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.one_line import say
from dashboard_api.lti.routes import KEYS, LAUNCH, LOGIN
from dashboard_api.lti.tool_keys import ToolKeys
from dashboard_api.people.admin_command import pages_address
from dashboard_api.settings import checked_dashboard
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from school import open_school
from school.audit.actor import Actor
from school.lti.records import Platform
from school.lti.store import PlatformStore
from school.people.store import PeopleStore

__all__ = ["PRESETS", "add_arguments", "run"]

PRESETS: Final = {
    "canvas": (
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "https://sso.canvaslms.com/api/lti/security/jwks",
    ),
    "schoology": (
        "https://schoology.schoology.com",
        "https://lti-service.svc.schoology.com/lti-service/authorize-redirect",
        "https://lti-service.svc.schoology.com/lti-service/.well-known/jwks",
    ),
}
"""Issuer, address for launches and address of the keys, of platforms that a vendor runs for all."""


@dataclass(frozen=True, slots=True)
class _Desk:
    platforms: PlatformStore
    people: PeopleStore
    keys: ToolKeys
    address: str
    by: Actor
    say: Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="set up a learning platform")
    add.add_argument("name", metavar="NAME", help="a short name for it, such as canvas")
    add.add_argument("--title", help="what people call it (default: the name)")
    where = add.add_mutually_exclusive_group(required=True)
    for preset in PRESETS:
        where.add_argument(
            f"--{preset}", dest="preset", action="store_const", const=preset,
            help=f"it is {preset.title()}, run by its vendor",
        )  # fmt: skip
    where.add_argument("--moodle", metavar="URL", help="it is the Moodle at this address")
    where.add_argument("--issuer", help="it is another one, with --auth-url and --jwks-url")
    add.add_argument("--auth-url", metavar="URL", help="where a launch is asked for")
    add.add_argument("--jwks-url", metavar="URL", help="where its public keys are")
    add.add_argument("--client-id", required=True, help="what the platform calls Roomtone")
    add.add_argument(
        "--deployment", action="append", default=[], metavar="ID",
        help="a deployment id; may be given several times, or later",
    )  # fmt: skip
    add.set_defaults(do=_add)
    for action, do, purpose in (
        ("allow", _allow, "accept launches from one more deployment"),
        ("refuse", _refuse, "accept none from a deployment any more; its links to people go"),
    ):
        one = actions.add_parser(action, help=purpose)
        one.add_argument("name", metavar="NAME")
        one.add_argument("--deployment", required=True, metavar="ID")
        one.set_defaults(do=do)
    show = actions.add_parser("list", help="print the platforms, and what they need to know of us")
    show.set_defaults(do=_list)
    remove = actions.add_parser("remove", help="forget a platform; its links to people go")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(do=_remove)
    unlink = actions.add_parser(
        "unlink", help="remove the accounts that someone has linked, and end their sessions"
    )
    unlink.add_argument("sign_in_name", metavar="NAME", help="the name that they sign in with")
    unlink.set_defaults(do=_unlink)
    rotate = actions.add_parser("rotate", help="make a new key for links that go to platforms")
    rotate.set_defaults(do=_rotate)
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    settings = ServerSettings.load(args.config)
    dashboard = checked_dashboard(settings.dashboard, args.config)
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        desk = _Desk(
            platforms=school.platforms, people=school.people, keys=ToolKeys(settings.data_dir),
            address=pages_address(settings, dashboard),
            by=Actor(name="roomtone lti", utc_ns=SystemClock().utc_ns()), say=say,
        )  # fmt: skip
        args.do(desk, args)
    return 0


def _add(desk: _Desk, args: argparse.Namespace) -> None:
    issuer, auth_url, jwks_url = _addresses(args)
    platform = Platform(
        name=args.name, title=args.title or args.name, issuer=issuer, client_id=args.client_id,
        auth_url=auth_url, jwks_url=jwks_url, deployments=frozenset(args.deployment),
    )  # fmt: skip
    desk.platforms.add(platform, desk.by)
    desk.keys.ensure(desk.by.utc_ns)
    desk.say(f"{platform.title} may open Roomtone from {_counted(len(platform.deployments))}.")
    if not platform.deployments:
        desk.say(f"Add each with `roomtone lti allow {platform.name} --deployment ID`.")
    _print_own(desk)


def _addresses(args: argparse.Namespace) -> tuple[str, str, str]:
    own = {"--auth-url": args.auth_url, "--jwks-url": args.jwks_url}
    if args.issuer is not None:
        missing = [name for name, value in own.items() if value is None]
        if missing:
            raise UsageError(f"--issuer needs {' and '.join(missing)} too.")
        return args.issuer, args.auth_url, args.jwks_url
    if any(value is not None for value in own.values()):
        raise UsageError("--auth-url and --jwks-url are for --issuer alone.")
    if args.preset is not None:
        return PRESETS[args.preset]
    base = args.moodle.rstrip("/")
    return base, f"{base}/mod/lti/auth.php", f"{base}/mod/lti/certs.php"


def _allow(desk: _Desk, args: argparse.Namespace) -> None:
    desk.platforms.add_deployment(args.name, args.deployment, desk.by)
    desk.say(f"{args.name} may open Roomtone from this deployment too.")


def _refuse(desk: _Desk, args: argparse.Namespace) -> None:
    gone = desk.platforms.remove_deployment(args.name, args.deployment, desk.by)
    desk.say(f"{args.name} may not open Roomtone from this deployment any more; {_links(gone)}.")


def _remove(desk: _Desk, args: argparse.Namespace) -> None:
    gone = desk.platforms.remove(args.name, desk.by)
    desk.say(f"{args.name} may not open Roomtone any more; {_links(gone)}.")


def _unlink(desk: _Desk, args: argparse.Namespace) -> None:
    person = desk.people.named(args.sign_in_name)
    if person is None:
        raise UsageError(
            f"nobody signs in as {args.sign_in_name}; the page of people lists everybody's name."
        )
    gone = desk.platforms.unlink_all(person.id, desk.by)
    desk.say(f"{person.name} had {gone} linked account{'' if gone == 1 else 's'} of platforms.")


def _rotate(desk: _Desk, _: argparse.Namespace) -> None:
    key = desk.keys.rotate(desk.by.utc_ns)
    desk.say(f"Links are signed with the key {key} from now on.")
    desk.say(
        "The public half of the one before stays for seven days. Platforms fetch it by themselves."
    )


def _list(desk: _Desk, _: argparse.Namespace) -> None:
    for platform in desk.platforms.platforms():
        desk.say(f"{platform.name}: {platform.title}")
        desk.say(f"  issuer {platform.issuer}, client id {platform.client_id}")
        desk.say(f"  launches {platform.auth_url}")
        desk.say(f"  its keys {platform.jwks_url}")
        for deployment in sorted(platform.deployments):
            desk.say(f"  deployment {deployment}")
    _print_own(desk)


def _print_own(desk: _Desk) -> None:
    desk.say("What the platform needs to know:")
    for what, path in (
        ("target link URI", "/"), ("login initiation URL", LOGIN), ("redirect URI", LAUNCH),
        ("deep linking URL", "/"), ("public JWK URL", KEYS),
    ):  # fmt: skip
        desk.say(f"  {what}: {desk.address}{path}")


def _counted(count: int) -> str:
    return f"{count} deployment{'' if count == 1 else 's'}"


def _links(count: int) -> str:
    return f"{count} link{'' if count == 1 else 's'} to people went with it"
