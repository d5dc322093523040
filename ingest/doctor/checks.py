"""Checks a server, and says for each finding what to do about it.

It only reads: it creates no file, and asks programs only for their health pages.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from contract.errors import DecodeError
from contract.finding import Finding
from contract.mqtt.broker_check import connection_findings, retained
from contract.topics import ingest_state
from contract.wire.messages import IngestState
from ingest.doctor.school import school_findings
from ingest.settings import ServerSettings

__all__ = ["HOST", "Page", "ask", "broker_findings", "findings", "program_finding"]

HOST: Final = "127.0.0.1"
"""Where programs have their health pages."""
_MIN_FREE_BYTES: Final = 200 << 20
_LOW_FREE_BYTES: Final = 2 << 30
_CHECK_S: Final = 20.0
_WAIT_S: Final = 5.0
_MAX_PAGE_BYTES: Final = 32 << 20
_PROGRAMS: Final = ("ingest", "score", "dashboard")
_OPERATIONS: Final = 100_000
_IF_EXPIRED: Final = "without it ingest can't connect, and nodes hold their data"
_OF_DATABASE: Final = (
    "stop the program that writes it and restore a backup; docs/store.md says more"
)
_OF_DAY: Final = (
    "check the disk; ingest saves what can be read, sets the file aside and records a gap for the "
    "rest, by itself; a backup may have it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A health page's answer."""

    status: int
    text: str

    @property
    def words(self) -> dict[str, object]:
        """Its JSON object; empty if it is none."""
        try:
            words = json.loads(self.text)
        except ValueError:
            return {}
        return words if isinstance(words, dict) else {}

    def values(self, metric: str) -> dict[tuple[str, ...], float]:
        """The values of a metric, by the values of its labels in the order of their names."""
        found = re.findall(rf"^{metric}(?:{{(.*)}})? (\S+)$", self.text, re.MULTILINE)
        return {
            tuple(re.findall(r'="((?:[^"\\]|\\.)*)"', labels)): float(value)
            for labels, value in found
        }


def ask(port: int, path: str, host: str = HOST, *, is_https: bool = False) -> Page | None:
    """A program's health page; None if no program listens, status 0 if it does not answer.

    Any program may have the port. One that does not speak HTTP gives status -1. Of an endless answer
    only the beginning is read.
    """
    if is_https:
        # This computer asks itself, and the certificate has other names.
        context = ssl._create_unverified_context()  # noqa: S323, SLF001
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=_WAIT_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_WAIT_S)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        answer = connection.getresponse()
        return Page(status=answer.status, text=_beginning(answer).decode("utf-8", "replace"))
    except TimeoutError:
        return Page(status=0, text="")
    except http.client.HTTPException:
        return Page(status=-1, text="")
    except OSError:
        return None
    finally:
        connection.close()


def _beginning(answer: http.client.HTTPResponse) -> bytes:
    found, until = bytearray(), time.monotonic() + _WAIT_S
    while len(found) < _MAX_PAGE_BYTES and time.monotonic() < until:
        part = answer.read1(1 << 16)
        if not part:
            break
        found += part
    return bytes(found)


def findings(settings: ServerSettings) -> Iterator[Finding]:
    """Disk and databases: what can be checked without any other program."""
    folder = settings.data_dir
    if not folder.is_dir():
        yield Finding(
            about="data directory", state="wrong",
            said=f"{folder} is no directory" if folder.exists() else f"{folder} does not exist",
            advice="start `roomtone ingest`, which creates it, or correct `data_dir`",
        )  # fmt: skip
        return
    yield _rights(folder)
    yield _space(folder)
    until = time.monotonic() + _CHECK_S
    url = settings.school.database_url
    for name, whose in (("main.db", "ingest"), ("score.db", "score"), ("school.db", "lesson")):
        path = folder / name
        if name == "school.db" and url is not None:
            yield from school_findings(folder, url)
            continue
        if path.exists():
            yield _intact(path, until)
        else:
            yield Finding(
                about=name, state="note", said="does not exist yet",
                advice=f"start `roomtone {whose}`, which creates it",
            )  # fmt: skip
    for path in sorted((folder / "days").glob("*.db"), reverse=True):
        yield _intact(path, until, advice=_OF_DAY)
    for path in sorted([*folder.glob("*.db-damaged-*"), *(folder / "days").glob("*.db-damaged-*")]):
        yield Finding(
            about=path.name, state="note", said="was damaged, and was set aside",
            advice="check the disk; what could not be saved is a gap. A backup may have it. "
            "Remove the file if you don't need it, or retention will",
        )  # fmt: skip


def _rights(folder: Path) -> Finding:
    if os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding(about="data directory", state="fine", said=f"{folder} can be written")
    return Finding(
        about="data directory", state="wrong", said=f"{folder} can't be written by this user",
        advice="run this as the user of the programs, or give that user the folder (chown)",
    )  # fmt: skip


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB are free"
    if free >= _LOW_FREE_BYTES:
        return Finding(about="disk", state="fine", said=said)
    return Finding(
        about="disk", state="wrong" if free < _MIN_FREE_BYTES else "note", said=said,
        advice="free space on that disk, or keep for fewer days (the settings under [retention])",
    )  # fmt: skip


def _intact(path: Path, until: float, advice: str = _OF_DATABASE) -> Finding:
    """SQLite's quick check, within the time limit."""
    unchecked = Finding(
        about=path.name, state="note", said="was not checked completely, because it would take too long",
        advice=f"run `sqlite3 {path} 'PRAGMA quick_check'` when the server is idle",
    )  # fmt: skip
    if time.monotonic() >= until:
        return unchecked
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.set_progress_handler(lambda: time.monotonic() >= until, _OPERATIONS)
            said = database.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if time.monotonic() >= until:
            return unchecked
        return Finding(
            about=path.name, state="wrong", said=f"can't be read ({error})",
            advice="check its permissions, and the disk",
        )  # fmt: skip
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said == "ok":
        return Finding(about=path.name, state="fine", said="is intact")
    return Finding(
        about=path.name, state="wrong", said=f"is damaged ({said})", advice=advice,
    )  # fmt: skip


def program_finding(
    name: str,
    port: int,
    settings: ServerSettings,
    *,
    host: str = HOST,
    setting: str = "",
    is_https: bool = False,
) -> Finding:
    """Whether ingest, score or the dashboard runs and works.

    `setting` is that of its port; "" means `NAME.health_port`.
    """
    setting = setting or f"{name}.health_port"
    if port == 0:
        return Finding(
            about=name, state="note", said="its health page is switched off",
            advice=f"set {setting} to check it from here",
        )  # fmt: skip
    own = str(settings.data_dir.absolute())
    fault = _fault(name, partial(ask, port, host=host, is_https=is_https), port, setting, own)
    if fault is None:
        return Finding(about=name, state="fine", said="runs, and works")
    said, advice = fault
    return Finding(about=name, state="wrong", said=said, advice=advice)


def _fault(
    name: str, asked: Callable[[str], Page | None], port: int, setting: str, own: str
) -> tuple[str, str] | None:
    """What is wrong with a program, and what to do; `own` is the data directory to expect."""
    alive = asked("/healthz")
    if alive is None:
        return (
            f"does not answer on port {port}",
            (
                f"start `roomtone {name}`; if it runs, its log says whether another program has "
                "that port"
            ),
        )
    if alive.status == 0:
        return (
            f"on port {port} accepts connections and does not answer",
            f"it is suspended, or hangs completely: restart `roomtone {name}`",
        )
    if alive.words.get("program") != name:
        return (
            f"is not what answers on port {port}: {_stranger(alive)} has that port",
            f"end that program, or choose another port ({setting}) and start `roomtone {name}`",
        )
    where = alive.words.get("data_dir")
    if where not in (None, own):
        return (
            f"on port {port} belongs to {where}",
            f"give the programs of each server their own ports ({setting})",
        )
    if alive.status != 200:
        return (
            "hangs: its main loop does not run",
            f"restart `roomtone {name}`, and send its log to whoever maintains it",
        )
    ready = asked("/readyz")
    if ready is not None and ready.status == 200:
        return None
    reasons = ready.words.get("reasons") if ready is not None else None
    said = "; ".join(map(str, reasons)) if isinstance(reasons, list) else "it gives no reason"
    return f"runs, but can't work: {said}", "correct that; the program retries by itself"


def _stranger(page: Page) -> str:
    ours = page.words.get("program")
    return f"`roomtone {ours}`" if ours in _PROGRAMS else "a program that is not Roomtone's"


def broker_findings(settings: ServerSettings) -> Iterator[Finding]:
    """Both certificates, the connection to the broker, and the state of ingest there."""
    for finding in connection_findings(
        settings.broker, owner="this server", if_expired=_IF_EXPIRED
    ):
        yield finding
        if finding.about == "broker":
            return
    where = f"{settings.broker.host}:{settings.broker.port}"
    topics = {site: ingest_state(site) for site in settings.sites}
    said, fault = retained(settings.broker, tuple(topics.values()))
    if fault is not None:
        yield Finding(
            about="broker", state="wrong", said=f"{where} refuses this server: {fault}",
            advice="check the broker's log, its ACL and this server's certificate",
        )  # fmt: skip
        return
    for site, topic in topics.items():
        here = f" for the site {site}" if settings.more_sites else ""
        is_up: bool | None = None
        with suppress(DecodeError, KeyError):
            is_up = IngestState.decode(said[topic]).is_up
        if is_up:
            yield Finding(
                about="broker", state="fine", said=f"{where} answers; ingest is up there{here}"
            )
            continue
        yield Finding(
            about="broker", state="wrong",
            said=f"{where} answers, and says that ingest is down{here}"
            if is_up is False else f"{where} answers, and has no state of ingest{here}",
            advice="start `roomtone ingest`, or check its log: until it is up, nodes hold all "
            "data",
        )  # fmt: skip
