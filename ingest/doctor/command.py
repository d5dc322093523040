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
from ingest.doctor.checks import ask, broker_findings, findings, program_findings
from ingest.doctor.config import config_findings
from ingest.doctor.dashboard import dashboard_findings
from ingest.doctor.model import model_findings
from ingest.doctor.nodes import (
    clock_findings,
    kept_findings,
    node_findings,
    notice_findings,
    score_findings,
)
from ingest.doctor.school import ABOUT
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from school import open_lesson_store

__all__ = ["add_arguments", "look_over", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    parser.add_argument(
        "--config", type=Path, required=True, metavar="FILE",
        help="the server's settings; see server.example.toml",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace) -> int:
    """Print each finding; returns 1 if something is wrong."""
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
    yield from config_findings(settings.broker, settings.site, _opted_out(settings, fine))
    yield from program_findings("ingest", settings.ingest.health_port, settings)
    yield from program_findings("score", settings.score.health_port, settings)
    yield from model_findings(settings.score.model_file)
    yield from dashboard_findings(settings)
    if "main.db" in fine:
        yield from _kept(settings)


def _opted_out(settings: ServerSettings, fine: set[str]) -> list[tuple[str, int]]:
    url = settings.school.database_url
    is_there = (settings.data_dir / "school.db").exists()
    if url is not None:
        is_there = ABOUT in fine
    if not is_there:
        return []  # opening it would create it
    try:
        with closing(open_lesson_store(settings.data_dir, url)) as lessons:
            return lessons.opted_out()
    except StoreError:
        return []  # there is a finding about school.db


def _kept(settings: ServerSettings) -> Iterator[Finding]:
    own = str(settings.data_dir.absolute())
    pages = {}
    for name, port in (
        ("ingest", settings.ingest.health_port),
        ("score", settings.score.health_port),
    ):
        alive = ask(port, "/healthz") if port else None
        is_ours = alive is not None and alive.words.get("data_dir") == own
        pages[name] = ask(port, "/metrics") if is_ours else None
    try:
        with closing(open_period_reader(settings.data_dir)) as reader:
            yield from kept_findings(reader, pages["ingest"])
            yield from clock_findings(reader, SystemClock().utc_ns())
            yield from node_findings(reader, pages["ingest"])
            yield from notice_findings(reader)
    except StoreError as error:
        yield Finding(
            about="main.db", state="wrong", said=str(error), advice="do what the sentence says"
        )
    yield from score_findings(pages["score"])
