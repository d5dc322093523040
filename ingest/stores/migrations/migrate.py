"""Brings a database of an older schema up, after a copy of it that can be put back.

All steps run in one transaction, which is held while the copy is made: the copy is the state that
the steps begin with, and a crash at any point leaves the older file, whose next opening begins
again.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from contract.files.sqlite_copy import copy_before_upgrade
from contract.files.sqlite_file import BringUp, too_old, transaction

__all__ = ["Migrations", "left_to", "migrator"]

Migrations = Mapping[int, Callable[[sqlite3.Connection], None]]
"""Schema n → the step that makes schema n + 1 of it, inside the transaction that is open."""
_LOG: Final = logging.getLogger("store")


def migrator(migrations: Migrations) -> BringUp:
    """What the program that writes a file gives to `open_database`."""

    def bring_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
        with transaction(connection):
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found >= version:
                return  # another program has done it meanwhile
            if any(step not in migrations for step in range(found, version)):
                raise too_old(path, found, version)
            _LOG.info("%s has schema %d: bringing it up to %d.", path, found, version)
            copy = copy_before_upgrade(path, found)
            for step in range(found, version):
                migrations[step](connection)
            connection.execute(f"PRAGMA user_version = {version:d}")
        _LOG.info(
            "%s has schema %d now. %s is the file as it was; docs/store.md says how to go back to "
            "it, and when it is removed.", path, version, copy.name,
        )  # fmt: skip

    return bring_up


def left_to(command: str, migrations: Migrations) -> BringUp:
    """What any other program gives: it refuses an older file and names who brings it up."""

    def bring_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found >= version:
            return
        if any(step not in migrations for step in range(found, version)):
            raise too_old(path, found, version)
        raise StoreError(
            f"{path} was written by an earlier version of Roomtone (schema {found}, this program "
            f"wants {version}): start `{command}` first, which brings it up."
        )

    return bring_up
