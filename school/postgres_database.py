"""A PostgreSQL database, for a school or a district that has one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, create_engine, func, select, text, update

from contract.errors import StoreError, UsageError
from school import schema
from school.database_url import described, postgres_url
from school.migrating import HEAD, REVISIONS, revision_in, upgrade
from school.postgres_errors import postgres_errors

__all__ = ["PostgresDatabase", "PostgresState", "postgres_state"]

_LOG: Final = logging.getLogger("store")
_POOL: Final = 2
_CONNECT_S: Final = 3
_DEFAULTS: Final = {
    "application_name": "roomtone",
    "connect_timeout": str(_CONNECT_S),
    # A server that is gone without a word is noticed before a program seems to hang.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "options": "-c lock_timeout=10s -c statement_timeout=30s "
    "-c idle_in_transaction_session_timeout=60s",
}
"""What a connection is opened with, where the URL says nothing else."""
_ONE_UPGRADES: Final = 0x726F6F6D746F6E65
"""The advisory lock under which one program at a time makes or upgrades the tables."""
_RAISE: Final = update(schema.revision).values(value=schema.revision.c.value + 1)
_REVISION: Final = select(schema.revision.c.value)
_TURN: Final = _REVISION.with_for_update()


class PostgresDatabase:
    """`SchoolDatabase` on a server, over a few connections; raises UsageError without a driver."""

    def __init__(self, database_url: SecretStr) -> None:
        self._url = postgres_url(database_url.get_secret_value())
        self._where = described(self._url)
        self._engine = engine = _engine(self._url)
        # Each read is one statement, so it needs no transaction.
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        try:
            self._bring_up()
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with postgres_errors(self._url), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with postgres_errors(self._url), self._engine.begin() as connection:
            # The row's lock is held until the end: so writers take turns.
            connection.execute(_RAISE)
            yield connection

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        with postgres_errors(self._url), self._engine.begin() as connection:
            connection.execute(_TURN)  # the same lock, and the row stays as it is
            yield connection

    @contextmanager
    def removing(self) -> Iterator[Connection]:
        """The tables are written again. The server's log and its backups are its owner's matter."""
        with self.writing() as connection:
            yield connection
        with postgres_errors(self._url), self._reader.connect() as connection:
            for table in schema.METADATA.sorted_tables:
                connection.exec_driver_sql(f"VACUUM (FULL) {table.name}")

    def revision(self) -> int:
        with self.reading() as connection:
            return int(connection.scalars(_REVISION).one())

    def close(self) -> None:
        self._engine.dispose()

    def _bring_up(self) -> None:
        with self.reading() as connection:
            encoding = connection.scalar(text("SHOW server_encoding"))
            if encoding != "UTF8":
                raise StoreError(
                    f"The school's database ({self._where}) has the encoding {encoding}: make one "
                    "with `createdb --encoding=UTF8 --template=template0`."
                )
            if not self._is_older(revision_in(connection)):
                return
        with postgres_errors(self._url), self._engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_ONE_UPGRADES)))
            found = revision_in(connection)
            if self._is_older(found):  # nobody has done it meanwhile
                _LOG.info("The school's database (%s) gets the tables of %s.", self._where, HEAD)
                upgrade(connection)

    def _is_older(self, found: str | None) -> bool:
        """Whether it needs an upgrade; raises StoreError for the tables of a later version."""
        if found is not None and found not in REVISIONS:
            raise StoreError(
                f"The school's database ({self._where}) was written by a later version of Roomtone "
                f"(schema {found}, this program knows {HEAD}): install that version, or restore a "
                "backup made before."
            )
        return found != HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresState:
    """What the doctor says of a database that answers."""

    where: str
    server_version: str
    """Such as 15.8."""
    schema: str | None
    """None where it has no tables yet."""


def postgres_state(database_url: SecretStr) -> PostgresState:
    """Look at a database and change nothing; raises StoreError where it does not answer."""
    url = postgres_url(database_url.get_secret_value())
    engine = _engine(url)
    try:
        with postgres_errors(url), engine.connect() as connection:
            return PostgresState(
                where=described(url),
                server_version=str(connection.scalar(text("SHOW server_version"))),
                schema=revision_in(connection),
            )
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    defaults = {key: each for key, each in _DEFAULTS.items() if key not in url.query}
    try:
        return create_engine(
            url,
            connect_args=defaults,
            hide_parameters=True,
            isolation_level="READ COMMITTED",  # writers take turns, so this is enough
            pool_pre_ping=True,
            pool_size=_POOL,
            pool_timeout=10,
        )
    except ModuleNotFoundError as error:
        raise UsageError(
            "school.database_url names a PostgreSQL database, and its driver is not installed: "
            "install it with `make install-postgres`, or with `pip install 'roomtone[postgres]'`."
        ) from error
