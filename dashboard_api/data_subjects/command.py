"""`roomtone people`: export all that is held about someone, and remove the name of who leaves."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from contract.clock import SECOND_NS, SystemClock
from contract.errors import UsageError
from contract.files.sqlite_file import disk_error
from contract.one_line import say
from dashboard_api.data_subjects.export import export_pieces
from dashboard_api.data_subjects.leaving_text import what_goes, what_stays
from dashboard_api.data_subjects.zip_stream import ZipStream
from dashboard_api.web.model_catalog import ModelCatalog
from dashboard_api.web.store_thread import Stores
from ingest.config_option import add_config_option
from ingest.purge.leaving import LeavingRun
from ingest.purge.requests import PurgeFolder
from ingest.purge.run import PurgeRun
from ingest.replicas.part import ReplicasPart
from ingest.settings import ServerSettings
from ingest.stores import open_shard_periods, open_shard_scores
from school import open_school
from school.audit.actor import Actor
from school.people.data_subjects.leaving import LeavingPlan
from school.people.records import Person
from school.people.store import PeopleStore
from school.video.files import VideoFiles

__all__ = ["add_arguments", "run"]

_NAME: Final = "roomtone people"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser(
        "export", help="write all that is held about someone into a zip file"
    )
    export.add_argument("sign_in_name", metavar="NAME", help="the name that they sign in with")
    export.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="a new file that ends in .zip"
    )
    export.set_defaults(do=_export)
    anonymise = actions.add_parser(
        "anonymise", help="remove the name of someone who leaves, for good"
    )
    anonymise.add_argument("sign_in_name", metavar="NAME", help="the name that they sign in with")
    anonymise.add_argument(
        "--delete-lessons", action="store_true",
        help="also delete their lessons, with what was sensed in them",
    )  # fmt: skip
    anonymise.add_argument("--yes", action="store_true", help="do not ask")
    anonymise.set_defaults(do=_anonymise)
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    """Run the action; returns 1 if the person says no."""
    settings = ServerSettings.load(args.config)
    if not settings.data_dir.is_dir():
        raise UsageError(f"{settings.data_dir} is no data directory; check `data_dir`.")
    by = Actor(name=_NAME, utc_ns=SystemClock().utc_ns())
    code: int = args.do(settings, by, args)
    return code


def _person(people: PeopleStore, sign_in_name: str) -> Person:
    person = people.named(sign_in_name)
    if person is None:
        raise UsageError(
            f"nobody signs in as {sign_in_name}; the page of people lists everybody's name."
        )
    return person


@contextmanager
def _stores(settings: ServerSettings) -> Iterator[Stores]:
    school = open_school(settings.data_dir, settings.school.database_url)
    with closing(school):
        stores = replace(
            Stores.of_school(
                school,
                periods=open_shard_periods(settings.data_dir, settings.shards),
                scores=open_shard_scores(settings.data_dir, settings.shards),
                longest_ns=settings.lessons.longest_ns,
            ),
            catalog=ModelCatalog(settings.score.model_file),
        )
        with closing(stores.periods), closing(stores.scores):
            yield stores


def _export(settings: ServerSettings, by: Actor, args: argparse.Namespace) -> int:
    out: Path = args.out
    if out.suffix.lower() != ".zip":
        raise UsageError(f"--out is {out}; expected a file that ends in .zip.")
    zone = settings.lessons.zone
    archive = ZipStream(datetime.fromtimestamp(by.utc_ns // SECOND_NS, UTC).astimezone(zone))
    with _stores(settings) as stores:
        person = _person(stores.people, args.sign_in_name)
        with _new_file(out) as file:
            stores.people.held.record_export(person.id, by)
            for piece in export_pieces(stores, person, by, now_utc_ns=by.utc_ns, zone=zone):
                file.write(archive.write(*piece))
            file.write(archive.close())
    say(f"{out}: all that is held about {person.name}, {out.stat().st_size / 1e6:.1f} MB.")
    say("It is theirs: hand it over as they ask, and remove it here. The audit log records it.")
    return 0


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads, which has its name once it is complete."""
    if os.path.lexists(path):
        raise UsageError(f"{path} exists; choose another name, or remove it.")
    partial = path.with_name(f"{path.name}.partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{partial} was left by an export that failed; remove it.") from error
    except OSError as error:
        raise disk_error(partial, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _anonymise(settings: ServerSettings, by: Actor, args: argparse.Namespace) -> int:
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        person = _person(school.people, args.sign_in_name)
        plan = school.people.leaving.plan(person.id, by.utc_ns)
        for line in _description(plan, deletes_lessons=args.delete_lessons):
            say(line)
        if not args.yes and not _is_confirmed():
            say("Nothing was changed.")
            return 1
        school.people.leaving.leave(
            person.id, by, utc_ns=by.utc_ns, deletes_lessons=args.delete_lessons
        )
    say("The name is removed.")
    clock, url = SystemClock(), settings.school.database_url
    purges = PurgeRun(
        data_dir=settings.data_dir, clock=clock, say=say, database_url=url,
        videos=VideoFiles.of(settings.video), shards=settings.shards,
        replicas=ReplicasPart(
            data_dir=settings.data_dir, replicas=settings.replicas, settings=settings.replicate,
            clock=clock,
        ),
    )  # fmt: skip
    rest = LeavingRun(
        data_dir=settings.data_dir, clock=clock, say=say, purges=purges, database_url=url,
        longest_ns=settings.lessons.longest_ns, shards=settings.shards,
    )  # fmt: skip
    with ExitStack() as unfinished:  # also at Ctrl-C
        unfinished.callback(
            say, "The record, or a lesson, is left to do: `roomtone purge --resume` finishes it."
        )
        with PurgeFolder(settings.data_dir).alone():
            deleted = rest.settle()
        unfinished.pop_all()
    if args.delete_lessons:
        say(f"Lessons deleted: {deleted}.")
    say(
        "Keep purge-log.jsonl elsewhere: `roomtone restore --purges` needs it, so that an older "
        "backup does not bring the name back."
    )
    return 0


def _description(plan: LeavingPlan, *, deletes_lessons: bool) -> Iterator[str]:
    yield f"This removes for good, of {plan.name}:"
    for line in what_goes(plan):
        yield f"  {line}"
    if deletes_lessons:
        yield f"  lessons that have begun, with what was sensed in them: {plan.lessons}"
    yield "This stays:"
    for line in what_stays(plan, deletes_lessons=deletes_lessons):
        yield f"  {line}"


def _is_confirmed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError(
            "this is no terminal, so nobody can confirm; repeat the command with --yes."
        )
    sys.stdout.write("Remove the name? Type yes: ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() == "yes"
