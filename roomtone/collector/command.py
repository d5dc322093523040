"""`roomtone collector`: the sites whose figures are taken, and the pages that show them."""

from __future__ import annotations

import argparse
import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import Field

from contract.aggregates.signing import fingerprint, read_public_text
from contract.clock import SECOND_NS, SystemClock
from contract.errors import UsageError
from contract.one_line import say
from contract.settings import Settings
from contract.topics import NAME
from dashboard_api.command import guarded_server, listening
from dashboard_api.settings import checked_dashboard
from dashboard_api.web.network.certificate import tls_context
from ingest.monitoring.page_address import url_of
from roomtone.collector.app import create_collector
from roomtone.collector.store import CollectorStore, KnownSite

__all__ = ["CollectorSettings", "add_arguments", "run"]

log = logging.getLogger(__name__)

_CONFIG: Final = Path("collector.toml")


class CollectorSettings(Settings):
    """Everything in `collector.toml`."""

    file: Path = Path("collector.db")
    """Where the sites and their reports are kept; made if it is missing."""
    dashboard: dict[str, object] = Field(default_factory=dict)
    """Where the pages listen; the same settings as a school's pages have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="take a site's reports from now on")
    add.add_argument("name", help="the site's name, as its server.toml has it")
    add.add_argument("--title", default="", help="what people call it")
    add.add_argument("--key", required=True, help="what `roomtone aggregates key` prints there")
    key = actions.add_parser("key", help="take a site's reports by another key: it lost its own")
    key.add_argument("name", help="the site's name")
    key.add_argument("--key", required=True, help="what `roomtone aggregates key` prints there now")
    listed = actions.add_parser("list", help="list the sites with the fingerprints of their keys")
    serve = actions.add_parser("serve", help="take reports, and show them")
    for action in (add, key, listed, serve):
        action.add_argument(
            "--config", type=Path, default=_CONFIG, metavar="FILE",
            help=f"the collector's settings (default: {_CONFIG})",
        )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    settings = CollectorSettings.load(args.config)
    if args.action == "add":
        return _add(settings, args)
    if args.action == "list":
        with CollectorStore(settings.file) as store:
            for site in store.sites():
                say(f"{site.name:<20} {fingerprint(site.public_key)}  {site.title}")
                for each in store.former_keys(site.name):
                    was = fingerprint(each.public_key)
                    say(f"{'':<20} {was}  until {_day(each.until_utc_ns)}")
        return 0
    if args.action == "key":
        return _replace(settings, args)
    return _serve(settings, args.config)


def _add(settings: CollectorSettings, args: argparse.Namespace) -> int:
    if not re.fullmatch(NAME, args.name, re.ASCII):
        raise UsageError(
            f"{args.name[:40]!r} is no name of a site; ask for `site` in its server.toml."
        )
    public = read_public_text(args.key)
    site = KnownSite(name=args.name, title=args.title[:80], public_key=public)
    with CollectorStore(settings.file) as store:
        store.add_site(site, SystemClock().utc_ns())
    say(
        f"Added {args.name}. Its fingerprint is {fingerprint(public)}: ask them to read theirs to you."
    )
    return 0


def _replace(settings: CollectorSettings, args: argparse.Namespace) -> int:
    public = read_public_text(args.key)
    with CollectorStore(settings.file) as store:
        before = store.replace_key(args.name, public, SystemClock().utc_ns())
    say(
        f"{args.name} signs with another key from {_day(before.until_utc_ns)} on; what it sent before "
        f"stays. Its fingerprint is {fingerprint(public)}: ask them to read theirs to you."
    )
    return 0


def _day(utc_ns: int) -> str:
    return datetime.fromtimestamp(utc_ns // SECOND_NS, UTC).date().isoformat()


def _serve(settings: CollectorSettings, config: Path) -> int:
    web = checked_dashboard(dict(settings.dashboard), config)
    tls = tls_context(web, str(config), SystemClock().utc_ns())
    with CollectorStore(settings.file):
        pass  # says in a sentence what would stop the pages
    app = create_collector(lambda: CollectorStore(settings.file), SystemClock(), web)
    with listening(web) as listener:
        host, port = listener.getsockname()[:2]
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        log.info(
            "the collector is at %s/", web.link_base or url_of(host, port, is_https=tls is not None)
        )
        guarded_server(app, web, tls).run(sockets=[listener])
    return 0
