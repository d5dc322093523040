"""`roomtone evaluation`: fix, list and show plans (`school/commands/evaluation.py`), and write the pack."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from contract.clock import SystemClock
from contract.errors import UsageError
from contract.files.summed_folder import SUMS, write_summed_folder
from contract.files.text_file import read_text
from contract.one_line import say
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings
from roomtone.evaluation.interviews import number_interviews, read_interviews
from roomtone.evaluation.pack import Evaluation, names_in, pack_files, plans_of, questions_of
from school import School, open_school
from school.audit.actor import Actor
from school.commands.evaluation import add_actions

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    actions = add_actions(parser)
    write = actions.add_parser("write", help="write plans, figures and interview notes as files")
    write.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    write.add_argument(
        "--notes", type=Path, metavar="FOLDER", help="notes of interviews, files in .md or .txt"
    )
    write.add_argument(
        "--numbers", type=Path, metavar="FILE",
        help="which note has which number: made, and kept apart from the pack",
    )  # fmt: skip
    write.add_argument(
        "--allow", action="append", default=[], metavar="WORD",
        help="a word that is a name as well, and is none in plans and notes; more than once",
    )  # fmt: skip
    write.add_argument(
        "--also-names", type=Path, metavar="FILE",
        help="names of people whom the server does not know, one a line, such as of who left",
    )  # fmt: skip
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    settings = ServerSettings.load(args.config)
    url = settings.school.database_url
    if args.action == "write" and url is None and not (settings.data_dir / "school.db").exists():
        # Opening it would make an empty one, of which nothing could be said.
        raise UsageError(f"{settings.data_dir} has no school.db; check `data_dir`.")
    by = Actor(name="roomtone evaluation", utc_ns=SystemClock().utc_ns())
    with closing(open_school(settings.data_dir, url)) as school:
        if args.action == "write":
            return _write(school, settings, args, by)
        code: int = args.do(school.evaluation_plans, args, by, say)
    return code


def _write(school: School, settings: ServerSettings, args: argparse.Namespace, by: Actor) -> int:
    """Returns 1 if a plan is not as it was fixed."""
    others = [] if args.also_names is None else read_text(args.also_names).splitlines()
    names = names_in(school, args.allow, others)
    plans = plans_of(school, names)
    if (args.notes is None) != (args.numbers is None):
        raise UsageError("--notes and --numbers belong together: name both, or none.")
    interviews = [] if args.notes is None else read_interviews(args.notes, names)
    sealed = None
    if args.notes is not None:
        if args.numbers.resolve().is_relative_to(args.notes.resolve()):
            raise UsageError(f"{args.numbers} is among the notes; keep it in another folder.")
        if args.numbers.resolve().is_relative_to(args.out.resolve()):
            raise UsageError(f"{args.numbers} is in the pack; keep it in another folder.")
        sealed = number_interviews(interviews, args.numbers)
    of = Evaluation(
        zone=settings.lessons.zone, questions=questions_of(school, settings.debrief.pulse()), utc_ns=by.utc_ns,
        version=_version(), plans=plans, interviews=interviews, sealed=sealed,
    )  # fmt: skip
    files = write_summed_folder(_recorded(school, of, by), args.out)
    say(f"{args.out}: {len(files)} files and {SUMS}; open {args.out / 'README.md'} first.")
    if sealed is not None:
        if args.also_names is None:
            say("Names of people who left are gone from the server: --also-names FILE looks for them too.")  # fmt: skip
        say(f"{args.numbers} says which note has which number. Keep it apart from the pack.")
    if all(plan.is_whole for plan in plans):
        return 0
    say("A plan is not as it was fixed: README.md says which.")
    return 1


def _recorded(school: School, of: Evaluation, by: Actor) -> Iterator[tuple[str, bytes]]:
    """All files, and then an entry in the audit log: the folder gets its name after that."""
    yield from pack_files(school, of)
    school.audit.record_export(by, "programme", "", file="evaluation_pack")


def _version() -> str:
    try:
        return version("roomtone")
    except PackageNotFoundError:
        return "of a folder without its version"
