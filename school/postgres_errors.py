"""What PostgreSQL and its driver say, as one sentence that holds no password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.engine import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from contract.errors import StoreError, shortened
from school.database_url import described, without_secrets

__all__ = ["postgres_errors"]

_SAYS: Final = {
    "08": "can't be reached ({what}): see that PostgreSQL runs there and that school.database_url "
    "is right",
    "25": "can't be written ({what}): name the server that takes writes, no standby",
    "28": "refuses this program ({what}): correct the user or the password",
    "40": "was changed by another program at the same moment ({what}): try again",
    "42": "does not have the tables as this program needs them, or no right to them ({what}): make "
    "the user in school.database_url the owner of the database",
    "53": "has no room left, or no free connection ({what}): free space on its disk, or raise its "
    "max_connections",
    "55": "has been locked for 10 s ({what}): end the program that holds it",
    "57": "ended the connection ({what}): see that PostgreSQL runs there",
    "58": "can't be read or written ({what}): check the disk of its server",
    "XX": "may be damaged ({what}): see the log of PostgreSQL, and restore a backup",
}
"""Class of SQLSTATE → what is said; the appendix of PostgreSQL's manual lists the classes."""


@contextmanager
def postgres_errors(url: URL) -> Iterator[None]:
    """Turn the errors of a database into StoreErrors that say what to do."""
    try:
        yield
    except (DataError, IntegrityError) as error:
        # The server is well; it is what was to be written that does not fit.
        raise (error.orig or error) from None
    except DBAPIError as error:
        # By its SQLSTATE; whoever never got a connection has none, which is a class of its own.
        kind = str(getattr(error.orig, "sqlstate", None) or "08")[:2]
        raise StoreError(_sentence(url, kind, str(error.orig))) from None
    except SQLAlchemyError as error:  # such as no connection of the pool that gets free
        raise StoreError(_sentence(url, "08", str(error))) from None


def _sentence(url: URL, kind: str, what: str) -> str:
    first = next(iter(what.strip().splitlines()), "it does not say why")
    clean = shortened(without_secrets(first, url), 200).rstrip(".")
    says = _SAYS.get(kind, "can't be read or written ({what}): see the log of PostgreSQL")
    return f"The school's database ({described(url)}) {says.format(what=clean)}."
