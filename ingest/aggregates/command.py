"""`roomtone aggregates`: what of a month would leave for a collector, and sending it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contract.aggregates.figures import FIGURES, MIN_TEACHERS
from contract.aggregates.report import Report
from contract.aggregates.signing import (
    fingerprint,
    make_key,
    public_bytes,
    public_text,
    read_key,
    seal,
)
from contract.clock import SECOND_NS, Clock, SystemClock
from contract.errors import LinkError, NotTakenError, UsageError
from contract.one_line import say
from ingest.aggregates.months import last_month, named_month
from ingest.aggregates.sending import send
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from ingest.stores import open_shard_scores
from school.audit.actor import Actor
from school.database import SchoolDatabase, open_school_database
from school.programme.beside_coverage import beside_coverage
from school.programme.coverage_store import MONTHS_BACK, CoverageStore
from school.programme.month_figures import Month, month_figures, report_of
from school.programme.released import ReleasedReport, ReleasedReports

__all__ = ["AggregatesDesk", "add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser(
        "show", help="print what of a month left or would leave, and send nothing"
    )
    sending = actions.add_parser("send", help="release a month's figures, sign and send them")
    for action in (show, sending):
        action.add_argument(
            "--month", metavar="YYYY-MM", help="by default the last one that is over"
        )
        add_config_option(action)
    key = actions.add_parser("key", help="print this site's public key for the collector")
    key.add_argument("--make", action="store_true", help="make the key first")
    add_config_option(key)


@dataclass(frozen=True, kw_only=True)
class AggregatesDesk:
    """The command on a server's settings and database."""

    settings: ServerSettings
    database: SchoolDatabase
    clock: Clock
    say: Callable[[str], None]
    transport: httpx2.BaseTransport | None = None

    def show(self, month: Month) -> int:
        """Print each report as it left, or as it would leave."""
        left = {(each.report.site, each.report.month): each for each in self._released()}
        for site, _report, words in self._reports(month):
            there = left.get((site, month.name))
            if there is None:
                self.say(words)
            else:
                day = datetime.fromtimestamp(
                    there.released_utc_ns / SECOND_NS, self.settings.lessons.zone
                ).date()
                said = _words(site, month, there.report)
                self.say(
                    f"{said}\nReleased on {day}: this is what left, whatever a count says now."
                )
        return 0

    def _released(self) -> Sequence[ReleasedReport]:
        return ReleasedReports(self.database).all()

    def send(self, month: Month, key: Ed25519PrivateKey) -> int:
        """Release what was not released yet, and send all that the collector has not taken.

        A report that is refused stops no other one; the first failure is raised at the end.
        """
        collector = self.settings.aggregates.collector
        if collector is None:
            raise UsageError(
                "no collector is named: `aggregates.collector` in server.toml has its address."
            )
        released = ReleasedReports(self.database)
        by = Actor(name="roomtone aggregates", utc_ns=self.clock.utc_ns())
        self._count_coverage(month, by)
        left = {(each.report.site, each.report.month) for each in released.all()}
        for site, report, words in self._reports(month):
            if (site, month.name) in left:
                continue
            if report is None:
                self.say(words)
            else:
                released.release(report, collector, by)
        timeout_s = self.settings.aggregates.timeout_s
        failure: NotTakenError | LinkError | None = None
        for each in reversed(released.all()):
            if each.taken_utc_ns is not None:
                continue
            report = each.report
            try:
                send(collector, seal(each.body, key), timeout_s, self.transport)
            except NotTakenError as error:
                failure = failure or error
                self.say(f"The figures of {report.site} for {report.month} were not taken: {error}")
                continue
            except LinkError as error:
                failure = failure or error
                break  # nor does it answer to the next one
            released.taken(report, self.clock.utc_ns())
            self.say(f"The collector holds the figures of {report.site} for {report.month}.")
        if failure is not None:
            raise failure
        return 0

    def _count_coverage(self, month: Month, by: Actor) -> None:
        """First, by the same people: another day's count of them could differ by one person.

        Of a month that no page counts any more there is none, nor will be.
        """
        last = self.month(None).name
        if _number_of(last) - _number_of(month.name) >= MONTHS_BACK:
            return
        settings = self.settings
        with closing(open_shard_scores(settings.data_dir, settings.shards)) as scores:
            sensed = {each.lesson for each in scores.scored_lessons()}
        with suppress(UsageError):  # fewer than ten teachers, of whom nothing leaves either
            CoverageStore(self.database).count(month, sensed, by, now_utc_ns=self.clock.utc_ns())

    def _reports(self, month: Month) -> Sequence[tuple[str, Report | None, str]]:
        """Of each school, what may leave and in words; where there is one, everybody belongs to it."""
        sites = self.settings.sites
        is_one = len(sites) == 1
        counted = {each.month: each.rows for each in CoverageStore(self.database).months()}
        rows = counted.get(month.name)
        found: list[tuple[str, Report | None, str]] = []
        for site in sites:
            figures = month_figures(self.database, month, None if is_one else site)
            report = report_of(site, month, figures)
            words = _words(site, month, report)
            if report is not None and rows is not None:
                report = beside_coverage(report, rows, is_district=is_one)
                words = _held(site, month) if report is None else _words(site, month, report)
            found.append((site, report, words))
        return found

    def month(self, name: str | None) -> Month:
        """The month that is meant."""
        zone = self.settings.lessons.zone
        today = datetime.fromtimestamp(self.clock.utc_ns() / SECOND_NS, zone).date()
        return last_month(today, zone) if name is None else named_month(name, today, zone)


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    path = settings.aggregates.key_file or settings.data_dir / "aggregates-key.pem"
    if args.action == "key":
        return _key(path, is_new=args.make)
    url = settings.school.database_url
    if url is None and not (settings.data_dir / "school.db").exists():
        raise UsageError(f"{settings.data_dir} has no school.db; check `data_dir`.")
    with closing(open_school_database(settings.data_dir, url)) as database:
        desk = AggregatesDesk(settings=settings, database=database, clock=SystemClock(), say=say)
        month = desk.month(args.month)
        return desk.show(month) if args.action == "show" else desk.send(month, read_key(path))


def _key(path: Path, *, is_new: bool) -> int:
    public = public_bytes(make_key(path) if is_new else read_key(path))
    say(f"Public key:  {public_text(public)}")
    say(f"Fingerprint: {fingerprint(public)}")
    say(
        "Whoever runs the collector adds it with `roomtone collector add`, and reads you the fingerprint."
    )
    return 0


def _number_of(month: str) -> int:
    """How many months it is after that before the first year."""
    return int(month[:4]) * 12 + int(month[5:])


def _held(site: str, month: Month) -> str:
    return (
        f"{site}, {month.name}: nothing leaves. Beside the coverage of {month.name}, which is counted "
        "already, it would give a small group or one person away."
    )


def _words(site: str, month: Month, report: Report | None) -> str:
    if report is None:
        return f"{site}, {month.name}: fewer than {MIN_TEACHERS} teachers had a lesson; nothing leaves."
    lines = [f"{site}, {month.name}: {report.teachers} teachers"]
    for name, rule in FIGURES.items():
        value = report.figures.get(name)
        shown = f"stays here, fewer than {MIN_TEACHERS} people could be computed from it"
        lines.append(f"  {rule.words}: {shown if value is None else value}")
    return "\n".join(lines)
