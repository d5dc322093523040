"""`roomtone site`: add a site, list those of a store, and move one to another server's store."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from contract.clock import SystemClock
from contract.errors import LinkError, UsageError
from contract.one_line import say
from ingest.claims.claim import SiteClaim, new_instance, place_of
from ingest.config_option import add_config_option
from ingest.moving.site_move import move_site
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from ingest.stores.records import Stream
from school import open_school
from school.audit.actor import Actor
from school.rooms.records import Site

__all__ = ["add_arguments", "run"]

_POLL_S: Final = 0.02
_TIMEOUT_S: Final = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the sites whose readings this server's store holds")
    listing.set_defaults(do=_list)
    adding = actions.add_parser("add", help="name a school, so that rooms can be added to it")
    adding.add_argument("site", metavar="SITE", help="its name on MQTT, such as north")
    adding.add_argument("--title", default="", help="what people call it, such as 'North School'")
    adding.set_defaults(do=_add)
    moving = actions.add_parser("move", help="move a site's readings and scores to another store")
    moving.add_argument("site", metavar="SITE", help="the site")
    moving.add_argument(
        "--to", type=Path, required=True, metavar="FILE", help="the settings of its new server"
    )
    moving.add_argument(
        "--timeout",
        type=float,
        default=_TIMEOUT_S,
        metavar="S",
        help="seconds to wait for the broker (default: %(default)g)",
    )
    moving.set_defaults(do=_move)
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    """Run the action."""
    code: int = args.do(ServerSettings.load(args.config), args)
    return code


def _add(settings: ServerSettings, args: argparse.Namespace) -> int:
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        by = Actor(name="roomtone site", utc_ns=SystemClock().utc_ns())
        is_new = school.rooms.add_site(Site(name=args.site, title=args.title), by)
    say(f"site {args.site} is {'added' if is_new else 'changed'}")
    if args.site not in settings.sites:
        say(
            f"{args.config} does not name it: add it to `more_sites` there, or on the server that is "
            "to keep it, and start ingest again"
        )
    say(f"next: roomtone room add ROOM --site {args.site} --seats 30")
    return 0


def _list(settings: ServerSettings, _: argparse.Namespace) -> int:
    has_school = (
        settings.school.database_url is not None or (settings.data_dir / "school.db").exists()
    )
    if not has_school and not (settings.data_dir / "main.db").exists():
        raise UsageError(f"{settings.data_dir} has no main.db; check `data_dir`.")
    streams: list[Stream] = []
    if (settings.data_dir / "main.db").exists():
        with closing(open_period_reader(settings.data_dir)) as reader:
            streams = reader.streams()
    titles: dict[str, str] = {}
    if has_school:
        with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
            titles = {each.name: each.title for each in school.rooms.sites()}
    for site in sorted({stream.site for stream in streams} | {*settings.sites} | {*titles}):
        its = [stream for stream in streams if stream.site == site]
        rooms, kits = len({each.room for each in its}), len({each.node for each in its})
        note = "" if site in settings.sites else "  (these settings do not name it)"
        title = f"  {titles[site]}" if titles.get(site) else ""
        say(f"{site}{title}  {rooms} rooms, {kits} kits, {len(its)} runs{note}")
    return 0


def _move(settings: ServerSettings, args: argparse.Namespace) -> int:
    site, target = args.site, ServerSettings.load(args.to)
    if site not in target.sites:
        raise UsageError(
            f"{args.to} does not name the site {site}: add it to `more_sites` there, and take it "
            f"out of {args.config}."
        )
    with _claimed(site, settings, args.timeout):
        moved = move_site(site, settings.data_dir, target.data_dir, say=say)
    say(
        f"{site}: {moved.runs} runs with {moved.periods} periods, and the scores of {moved.lessons} "
        f"lessons, are in {target.data_dir} now"
    )
    if site in settings.sites:
        say(f"take {site} out of {args.config} before its ingest starts again")
    return 0


@contextmanager
def _claimed(site: str, settings: ServerSettings, timeout_s: float) -> Iterator[None]:
    """Keep every ingest from keeping the site meanwhile; raises LinkError if one does."""
    broker = settings.broker
    claim = SiteClaim(
        site=site, broker=broker, clock=SystemClock(), instance=new_instance(),
        place=place_of(settings.data_dir), started_utc_ns=time.time_ns(),
    )  # fmt: skip
    until = time.monotonic() + timeout_s
    claim.start()
    try:
        while not claim.is_held:
            if claim.is_refused:
                raise LinkError(claim.refusal)
            if time.monotonic() > until:
                why = claim.trouble or "no answer"
                raise LinkError(
                    f"The broker {broker.host}:{broker.port} can't say whether an ingest keeps the "
                    f"site {site} ({why}); nothing was moved."
                )
            time.sleep(_POLL_S)
        yield
        if claim.is_refused:
            raise LinkError(claim.refusal)
    finally:
        claim.stop()
