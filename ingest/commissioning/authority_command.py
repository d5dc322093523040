"""`roomtone authority`: the program that holds the key of the site's authority, and its backup."""

from __future__ import annotations

import argparse
import asyncio
import io
import logging
import os
import signal
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from contract.errors import StoreError, UsageError
from contract.files.sqlite_file import store_errors
from contract.one_line import say
from contract.service_manager import ServiceManager
from ingest.authority.authority import Authority
from ingest.authority.service import serve
from ingest.authority.settings import AuthoritySettings
from ingest.authority.signing import AUTHORITY_FILE, Signing
from ingest.authority.state import STATE_FILE, AuthorityState
from ingest.config_option import add_config_option
from ingest.settings import ServerSettings

__all__ = ["add_arguments", "run"]

log = logging.getLogger("authority")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the command's arguments."""
    parser.add_argument(
        "--backup", type=Path, metavar="FILE",
        help="write the key and what the authority knows into a new tar file, and end; keep it where "
        "nobody else can read it",
    )  # fmt: skip
    add_config_option(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, or make a backup."""
    settings = ServerSettings.load(args.config)
    if args.backup is not None:
        _back_up(settings.authority.dir, args.backup)
        return 0
    _make_directory(settings.authority.dir)
    state = AuthorityState(settings.authority.dir)
    try:
        authority = Authority(
            settings=settings.authority, sites=settings.sites, state=state, now=_now,
            signing=Signing.open(settings.authority.dir, site=settings.site, now=_now),
            more_access=_more_access(settings),
        )  # fmt: skip
        asyncio.run(_serve(authority, settings.authority))
    finally:
        state.close()
    return 0


async def _serve(authority: Authority, settings: AuthoritySettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    manager = ServiceManager.of_environment()

    def ready() -> None:
        log.info("authority: answers at %s", settings.admin_socket)
        manager.ready()

    await serve(authority, stop, ready)
    manager.stopping()


def _now() -> datetime:
    return datetime.now(UTC)


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The authority's directory {directory} can't be made ({error.strerror}): name another "
            "with `authority.dir`, or make it writable."
        ) from error


def _more_access(settings: ServerSettings) -> str:
    """What the server's programs also write, if the settings say so."""
    topics = settings.health_topic
    if topics.publish == "nothing":
        return ""
    lines = [f"topic write {topics.prefix}/{site}/#" for site in settings.sites]
    if topics.publish == "home_assistant":
        lines.append(f"topic write {topics.discovery_prefix}/device/+/config")
    return "\n".join(lines)


def _back_up(directory: Path, path: Path) -> None:
    """A copy while the authority runs; raises UsageError and StoreError."""
    if not (directory / AUTHORITY_FILE).exists():
        raise UsageError(
            f"{directory} has no {AUTHORITY_FILE}, so there is no authority to back up here."
        )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise UsageError(f"There is a file {path} already; name another one.") from error
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}).") from error
    with (
        os.fdopen(handle, "wb") as file,
        tarfile.open(fileobj=file, mode="w") as tar,
        tempfile.TemporaryDirectory() as folder,
    ):
        copy = Path(folder) / STATE_FILE
        with (
            store_errors(directory / STATE_FILE),
            closing(sqlite3.connect(f"file:{directory / STATE_FILE}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        for name, data in (
            (AUTHORITY_FILE, (directory / AUTHORITY_FILE).read_bytes()),
            (STATE_FILE, copy.read_bytes()),
        ):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o600
            tar.addfile(entry, io.BytesIO(data))
        file.flush()
        os.fsync(file.fileno())
    say(f"{path} has the authority's key: keep it where nobody else can read it")
