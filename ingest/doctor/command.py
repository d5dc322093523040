"""`roomtone doctor`: check a server, and say what to do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from contract.clock import SystemClock
from contract.errors import StoreError
from contract.finding import Finding, report
from ingest.doctor.audit import audit_findings
from ingest.doctor.authority import authority_findings
from ingest.doctor.backup import backup_findings
from ingest.doctor.checks import Page, ask, broker_findings, findings, program_finding
from ingest.doctor.config import config_findings
from ingest.doctor.dashboard import dashboard_finding
from ingest.doctor.model import model_findings
from ingest.doctor.nodes import (
    clock_findings,
    kept_findings,
    node_findings,
    notice_findings,
    score_findings,
)
from ingest.doctor.replicas import replica_findings
from ingest.doctor.school import ABOUT
from ingest.doctor.video import video_findings
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from school import open_lesson_store

__all__ = ["add_arguments", "look_over", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE",
        help="the server's settings; see server.example.toml",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    return report(look_over(settings), sys.stdout, as_json=args.json)


def look_over(settings: ServerSettings) -> Iterator[Finding]:
    """Check everything, from the disk to the nodes."""
    fine = set()
    for finding in findings(settings):
        yield finding  # at once, because a year of day files takes seconds to read
        if finding.state == "fine":
            fine.add(finding.about)
    yield from broker_findings(settings)
    yield from authority_findings(settings, SystemClock().utc_ns())
    yield from config_findings(settings.broker, settings.site, _opted_out(settings, fine))
    if ("school.db" if settings.school.database_url is None else ABOUT) in fine:
        yield from audit_findings(settings, SystemClock().utc_ns())
    yield from video_findings(settings)
    yield from backup_findings(settings, SystemClock().utc_ns())
    yield program_finding("ingest", settings.ingest.health_port, settings)
    yield program_finding("score", settings.score.health_port, settings)
    yield from replica_findings(settings, SystemClock().utc_ns())
    yield from model_findings(settings.score.model_file)
    yield dashboard_finding(settings)
    if "main.db" in fine:
        yield from _kept(settings)


def _opted_out(settings: ServerSettings, fine: set[str]) -> list[tuple[str, int]]:
    url = settings.school.database_url
    if not (ABOUT in fine if url is not None else (settings.data_dir / "school.db").exists()):
        return []  # opening it would create it
    try:
        with closing(open_lesson_store(settings.data_dir, url)) as lessons:
            return lessons.opted_out()
    except StoreError:
        return []  # there is a finding about school.db


def _kept(settings: ServerSettings) -> Iterator[Finding]:
    metrics = _metrics(settings, settings.ingest.health_port)
    try:
        with closing(open_period_reader(settings.data_dir)) as reader:
            yield from kept_findings(reader, metrics)
            yield from clock_findings(reader, SystemClock().utc_ns())
            yield from node_findings(reader, metrics)
            yield from notice_findings(reader)
    except StoreError as error:
        yield Finding(
            about="main.db", state="wrong", said=str(error), advice="do what the sentence says"
        )
    yield from score_findings(_metrics(settings, settings.score.health_port))


def _metrics(settings: ServerSettings, port: int) -> Page | None:
    """The metrics of a program of this data directory; None if no such program answers."""
    alive = ask(port, "/healthz") if port else None
    if alive is None or alive.words.get("data_dir") != str(settings.data_dir.absolute()):
        return None
    return ask(port, "/metrics")
