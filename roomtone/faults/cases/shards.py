"""Faults of several servers: a site that moves to another one under load, and two that claim one site."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import Final

from ingest.stores import open_period_reader
from roomtone.demo.programs import roomtone_command
from roomtone.faults.case import Case
from roomtone.faults.server import SITE, Server

__all__ = ["site_moved", "two_claims"]

_ENDS_S: Final = 30.0


def site_moved(case: Case) -> None:
    """Move the site to another server's store in the middle of a lesson."""
    with (
        Server(case.folder / "server") as server,
        case.lesson(server=server) as room,
    ):
        old = server.data
        said = server.move(case.folder / "moved")
        room.reopen()
        case.over()
        with closing(open_period_reader(old)) as reader:
            if reader.streams():
                raise case.no_effect("the old store still holds runs of the site")
        case.took_effect(said.split(", are in ")[0])
        case.recover(room)


def two_claims(case: Case) -> None:
    """Start another ingest for the site while one keeps it."""
    with case.lesson() as room:
        server = room.server
        config, data = case.folder / "second.toml", case.folder / "second"
        server.write_config(config, data)
        done = subprocess.run(
            roomtone_command("ingest", "--config", str(config)), capture_output=True, text=True,
            timeout=_ENDS_S, check=False,
        )  # fmt: skip
        case.over()
        sentence = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
        if done.returncode != 1 or f"keeps the site {SITE}" not in sentence:
            raise case.no_effect(f"the second ingest ended with {done.returncode}: {sentence}")
        with closing(open_period_reader(data)) as reader:
            if reader.streams():
                raise case.no_effect("the second ingest has kept something")
        case.took_effect("a second ingest ended with the sentence, and kept nothing")
        case.recover(room)
