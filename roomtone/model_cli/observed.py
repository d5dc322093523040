"""`roomtone model card --data-dir`: what observers of a school's lessons show, beside the card."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from contract.errors import UsageError
from ingest.monitoring.observed_shares import read_check
from ingest.stores import open_score_store
from models.school_model.labels import base_of
from models.school_model.observed import ObservedCheck
from roomtone.model_cli.options import add_school_option, database_url
from school import open_school

__all__ = ["add_observed_options", "observed_check"]


def add_observed_options(parser: argparse.ArgumentParser) -> None:
    """Add the options with which a school's own check stands on the card."""
    parser.add_argument(
        "--data-dir", type=Path, default=None, metavar="DIR",
        help="the server's data directory: also show how far observers of its lessons agree with "
        "each other and with the model",
    )  # fmt: skip
    add_school_option(parser)


def observed_check(args: argparse.Namespace, version: str) -> ObservedCheck | None:
    """The check of this model in a school; None without --data-dir."""
    directory: Path | None = args.data_dir
    if directory is None:
        return None
    if not (directory / "score.db").is_file():
        raise UsageError(f"--data-dir is {directory}, expected a folder with a score.db.")
    url = database_url(args)
    if url is None and not (directory / "school.db").is_file():
        raise UsageError(f"{directory} has no school.db; use the `data_dir` of server.toml.")
    with (
        closing(open_score_store(directory)) as scores,
        closing(open_school(directory, url)) as school,
    ):
        return read_check(school.sharing.observers, school.lessons, scores, base_of(version))
