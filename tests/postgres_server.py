"""A PostgreSQL server of a test's own: no port, a socket in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp

from pydantic import SecretStr

__all__ = ["PostgresServer", "postgres_command"]

DEBIANS_FOLDERS = "/usr/lib/postgresql"
USERS = ("postgres", "nobody")
"""Who runs the server where the tests run as root, whom it refuses."""
# What is lost with the machine is a test's.
SETTINGS = (
    "listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
    "max_connections=40", "shared_buffers=16MB", "autovacuum=off",
)  # fmt: skip


def postgres_command(name: str) -> str | None:
    """Where one of the server's programs is; Debian keeps them out of PATH, by version."""
    # Debian's own wrapper of pg_ctl, if it is in PATH, is not what is wanted.
    found = sorted(Path(DEBIANS_FOLDERS).glob(f"*/bin/{name}"), key=_version)
    return str(found[-1]) if found else shutil.which(name)


def _version(path: Path) -> float:
    try:
        return float(path.parts[-3])
    except ValueError:
        return 0.0


class PostgresServer:
    """One cluster. `url()` makes a new database in it."""

    def __init__(self) -> None:
        # Not below pytest's folder, which others than root may not enter; and a socket's path is
        # short.
        self.folder = Path(mkdtemp(prefix="roomtone-pg-", dir="/tmp"))
        self.port = 5432
        self._databases = 0
        self._as_user: tuple[str, ...] = ()
        if os.geteuid() == 0:
            user = next(pwd.getpwnam(name) for name in USERS if _is_user(name))
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = (
                "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
            )  # fmt: skip

    def make(self) -> None:
        """Make the cluster."""
        self._run(
            "initdb", "--pgdata", self._data, "--auth=trust", "--username=roomtone",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip

    def start(self) -> None:
        options = f"-k {self.folder} " + " ".join(f"-c {each}" for each in SETTINGS)
        self._run(
            "pg_ctl", "--pgdata", self._data, "--wait", "--log", str(self.folder / "log"),
            "--options", options, "start",
        )  # fmt: skip

    def stop(self, mode: str = "immediate") -> None:
        """At once, as a crash does it, where nobody asks it again; `fast` keeps what it holds."""
        self._run("pg_ctl", "--pgdata", self._data, "--wait", f"--mode={mode}", "stop")

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def url(self, *, encoding: str = "UTF8", user: str = "roomtone") -> SecretStr:
        """A new and empty database."""
        self._databases += 1
        name = f"school_{self._databases}"
        self.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'")
        return self.url_of(name, user=user)

    def url_of(self, database: str, *, user: str = "roomtone") -> SecretStr:
        return SecretStr(f"postgresql://{user}@/{database}?host={self.folder}")

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """Run a statement as the cluster's owner, and return what it answers."""
        return self._run(
            "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet",
            "--set=ON_ERROR_STOP=1", f"--host={self.folder}", "--username=roomtone",
            f"--dbname={database}", f"--command={statement}",
        ).strip()  # fmt: skip

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, name: str, *words: str) -> str:
        command = postgres_command(name)
        assert command is not None, name
        output = self.folder / "output"
        # To a file: a server inherits what pg_ctl writes to, and a pipe would stay open.
        with output.open("wb") as file:
            done = subprocess.run(
                (*self._as_user, command, *words),
                stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                cwd=self.folder, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
            )  # fmt: skip
        text = output.read_text(errors="replace")
        assert done.returncode == 0, f"{name}: {text}"
        return text


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
