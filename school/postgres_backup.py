"""What to run beside `roomtone backup` and `restore` where the school's data is in PostgreSQL."""

from __future__ import annotations

import shlex
from typing import Final

from pydantic import SecretStr

from school.database_url import described, postgres_url, public_url

__all__ = ["dump_advice", "restore_advice"]

_DUMP: Final = "school.dump"


def dump_advice(database_url: SecretStr) -> str:
    """Says that a backup does not hold the school's data, and how to copy it."""
    url = postgres_url(database_url.get_secret_value())
    words = ("pg_dump", "--format=custom", f"--file={_DUMP}", public_url(url))
    return (
        "Lessons, moments and who opted out are not in this backup: they are in PostgreSQL "
        f"({described(url)}). Copy them now with `{shlex.join(words)}`."
    )


def restore_advice(database_url: SecretStr) -> str:
    """That a restore left the school's data as it is, and how to put a copy of it back."""
    url = postgres_url(database_url.get_secret_value())
    words = ("pg_restore", "--clean", "--if-exists", f"--dbname={public_url(url)}", _DUMP)
    return (
        "Lessons, moments and who opted out are as they are in PostgreSQL "
        f"({described(url)}). Put an earlier copy of them back with `{shlex.join(words)}`."
    )
