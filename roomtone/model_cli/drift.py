"""`roomtone model drift`: shows whether a school's data has changed over the weeks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from contract.errors import UsageError
from dashboard_api.model.drift_view import WeekRow, drift_view
from dashboard_api.web.model_catalog import ModelCatalog
from ingest.monitoring.weekly_levels import WeeklyLevels
from ingest.stores import open_score_store
from models.drift import LARGE_PSI, MIN_EPOCHS, MIN_LESSONS, SOME_PSI, Drift, measure_drift
from models.school_model.labels import base_of
from roomtone.model_cli.options import add_json_option, add_school_option, database_url
from school import open_lesson_store

__all__ = ["add_arguments", "run"]

_A_STEP: Final = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data-dir", type=Path, required=True, metavar="DIR", help="the server's data directory"
    )
    parser.add_argument(
        "--model", type=Path, default=None, metavar="FILE",
        help="the model in use, the value of score.model_file (default: the shipped model)",
    )  # fmt: skip
    parser.add_argument(
        "--time-zone", default="UTC", metavar="NAME",
        help="the school's time zone, the value of lessons.time_zone (default: UTC)",
    )  # fmt: skip
    add_school_option(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Read a school's scores and print its weeks."""
    if not (args.data_dir / "score.db").is_file():
        raise UsageError(f"--data-dir is {args.data_dir}, expected a folder with a score.db.")
    try:
        zone = ZoneInfo(args.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"--time-zone is {args.time_zone!r}, expected a name such as Europe/Berlin."
        ) from error
    catalog = ModelCatalog(args.model)
    in_use = catalog.current()
    if in_use is None:
        raise UsageError(catalog.trouble)
    found = _read(args.data_dir, zone, catalog, database_url(args))
    if args.json:
        report = {"model": in_use.version, **asdict(found)}
        print(json.dumps(report, indent=2))
        return 0
    view = drift_view(found, base_of(in_use.version))
    print("\n".join(view.sentences))
    if view.rows:
        print(
            f"\nPSI under {SOME_PSI} means about the same, over {LARGE_PSI} a large change; there is no "
            f"verdict under {MIN_LESSONS} lessons or {MIN_EPOCHS} epochs (one a minute)."
        )
        print("\n".join(_table((*view.rows, *view.rooms))))
    return 0


def _read(directory: Path, zone: ZoneInfo, catalog: ModelCatalog, url: SecretStr | None) -> Drift:
    levels = WeeklyLevels(zone)
    with (
        closing(open_score_store(directory)) as scores,
        closing(open_lesson_store(directory, url)) as lessons,
    ):
        levels.look(scores, lessons)
        while not levels.read(scores, lessons, max_lessons=_A_STEP):
            pass
        checked = {
            lesson: (count.confirmed, count.dismissed)
            for lesson, count in lessons.verdicts_by_lesson().items()
        }
    references = catalog.references({lesson.model for lesson in levels.lessons})
    return measure_drift(levels.lessons, references, checked)


def _table(rows: Sequence[WeekRow]) -> list[str]:
    lines = [
        (
            f"{'week':16} {'where':12} {'model':14} {'lessons':>7} {'epochs':>7} {'skipped':>7} "
            f"{'alerts':>7} {'confirmed':>9}  {'against training':34} against own first weeks"
        )
    ]
    lines += [
        f"{row.week:16} {row.where:12} {row.model:14} {row.lessons:>7} {row.minutes:>7} "
        f"{row.abstained:>7} {row.alerts:>7} {row.answered:>9}  {row.trained:34} {row.own}"
        for row in rows
    ]
    return lines
