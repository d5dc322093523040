"""The versions of the tables in a data directory: whether a release has changed them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from ingest.settings import ServerSettings
from ingest.stores import open_period_store, open_score_writer
from school import open_lesson_store
from school.postgres_database import postgres_state

__all__ = ["bring_up", "schemas_of"]

_FILES: Final = ("main.db", "score.db", "school.db")


def schemas_of(settings: ServerSettings) -> dict[str, str]:
    """File → the version of its tables; `days` has the highest of all day files."""
    found = {}
    for name in _FILES:
        path = settings.data_dir / name
        if path.exists():
            found[name] = str(_version(path))
    days = [_version(path) for path in (settings.data_dir / "days").glob("*.db")]
    if days:
        found["days"] = str(max(days))
    if (url := settings.school.database_url) is not None:
        found["PostgreSQL"] = str(postgres_state(url).schema)
    return found


def bring_up(settings: ServerSettings) -> None:
    """Bring every file to this release's tables, as its programs do when they start."""
    url = settings.school.database_url
    with (
        closing(open_period_store(settings.data_dir)),
        closing(open_score_writer(settings.data_dir)),
        closing(open_lesson_store(settings.data_dir, url)),
    ):
        pass


def _version(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{path} can't be read ({error}); run `sudo roomtone doctor`.") from error
    return int(version)
