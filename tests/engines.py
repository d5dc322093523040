"""Time-series databases of a test's own: a free port, a temporary folder, gone afterwards."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from roomtone.demo.broker import free_port

__all__ = [
    "INFLUXD",
    "INFLUXD_2",
    "NEEDED",
    "Address",
    "EngineServer",
    "Influx2Server",
    "InfluxServer",
    "NamedInflux",
    "VictoriaServer",
    "named_influx",
    "programs_folder",
]

INFLUXD: Final = "influxd-1.8.10"
"""InfluxDB 1.8 by its version: Debian's `influxd` is 1.6, which has no Flux."""
INFLUXD_2: Final = "influxd-2.7.12"
"""InfluxDB 2 by its version, as `.ci/influxd2` builds it."""
NEEDED: Final = "ROOMTONE_TEST_INFLUX"
"""An InfluxDB 2 is where `_URL`, `_TOKEN`, `_ORG` and `_BUCKET` after this name are set."""
PATIENCE_S: Final = 30.0
_FOREVER: Final = "100y"

Kind = Literal["victoriametrics", "influxdb18", "influxdb"]


def programs_folder() -> Path:
    """Where `.ci/influxd` and `.ci/influxd2` put what they build, outside of the checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "roomtone-tests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a database is, and what a client needs to write into it and to read from it."""

    kind: Kind
    url: str
    token: str = ""
    org: str = ""
    bucket: str = ""


def named_influx() -> Address | None:
    """The InfluxDB 2 that the environment names, if it does."""
    found = {
        each: os.environ.get(f"{NEEDED}_{each}", "") for each in ("URL", "TOKEN", "ORG", "BUCKET")
    }
    if not all(found.values()):
        return None
    return Address(
        kind="influxdb", url=found["URL"], token=found["TOKEN"], org=found["ORG"],
        bucket=found["BUCKET"],
    )  # fmt: skip


def _post(url: str, token: str, content: Mapping[str, object]) -> bytes:
    headers = {"Content-Type": "application/json", "Authorization": f"Token {token}"}
    request = Request(url, data=json.dumps(content).encode(), headers=headers)
    with urlopen(request, timeout=PATIENCE_S) as answer:
        found: bytes = answer.read()
        return found


class EngineServer(ABC):
    """One server on a port of loopback. `start` returns once it answers; `kill` is a crash."""

    def __init__(self, command: str, health: str) -> None:
        self.folder = Path(mkdtemp(prefix="roomtone-engine-", dir="/tmp"))
        self.port = free_port()
        self._command, self._health = command, health
        self._program: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._program is not None
        return self._program.pid

    def start(self) -> None:
        """Start it, also again on the same files."""
        # Not above: tests/test_side_by_side.py takes conftest.py alone.
        from tests.conftest import SEARCH_PATH  # noqa: PLC0415

        path = shutil.which(self._command, path=SEARCH_PATH)
        assert path is not None, self._command
        with (self.folder / "log").open("ab") as log:
            self._program = subprocess.Popen(
                [path, *self._words()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, env={"HOME": str(self.folder), **self._environment()},
            )  # fmt: skip
        end = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self._program.poll() is None, self.log()
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; what it holds stays in its folder."""
        self._end(kill=False)

    def kill(self) -> None:
        self._end(kill=True)

    def remove(self) -> None:
        """Stop it, and remove what it holds."""
        self._end(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def _end(self, *, kill: bool) -> None:
        program, self._program = self._program, None
        if program is not None:
            program.kill() if kill else program.terminate()
            program.wait(PATIENCE_S)

    def _answers(self) -> bool:
        try:
            with urlopen(self.url + self._health, timeout=5) as answer:
                return bool(answer.status < 300)
        except (HTTPError, URLError, OSError):
            return False

    @abstractmethod
    def _words(self) -> list[str]:
        """The arguments of the command."""

    def _environment(self) -> Mapping[str, str]:
        return {}


class VictoriaServer(EngineServer):
    """Debian's VictoriaMetrics; what is written twice counts once."""

    def __init__(self, *more: str) -> None:
        super().__init__("victoria-metrics", "/health")
        self._more = more

    @property
    def address(self) -> Address:
        return Address(kind="victoriametrics", url=self.url)

    def settle(self) -> None:
        """Make what was written readable now rather than within a second."""
        with urlopen(f"{self.url}/internal/force_flush", timeout=PATIENCE_S):
            pass

    def _words(self) -> list[str]:
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={self.folder}/data",
            f"-retentionPeriod={_FOREVER}", "-dedup.minScrapeInterval=1ms",
            "-search.latencyOffset=0s", "-search.disableCache", "-memory.allowedBytes=256MB",
            *self._more,
        ]  # fmt: skip


class InfluxServer(EngineServer):
    """InfluxDB 1.8 with Flux. `address()` makes a new and empty database in it."""

    def __init__(self, **environment: str) -> None:
        super().__init__(INFLUXD, "/ping")
        self._more = environment
        self._databases = count(1)

    def address(self) -> Address:
        name = f"roomtone_{next(self._databases)}"
        self.influxql(f"CREATE DATABASE {name}")
        # Without users any token will do; 2.x calls name:password of a user of 1.8 a token.
        return Address(
            kind="influxdb18", url=self.url, token="roomtone:any", org="-", bucket=f"{name}/autogen"
        )

    def influxql(self, statement: str, *, database: str = "") -> list[dict[str, object]]:
        """Run a statement of 1.8's own language, and return its series."""
        body = urlencode({"q": statement, "db": database}).encode()
        with urlopen(Request(f"{self.url}/query", data=body), timeout=PATIENCE_S) as answer:
            result = json.load(answer)["results"][0]
        assert "error" not in result, result
        found: list[dict[str, object]] = result.get("series", [])
        return found

    def _words(self) -> list[str]:
        # Everything is in the environment; without a file it would look for its own in /etc.
        return ["run", "-config", os.devnull]

    def _environment(self) -> Mapping[str, str]:
        data = self.folder / "data"
        return {
            "INFLUXDB_REPORTING_DISABLED": "true",
            "INFLUXDB_BIND_ADDRESS": "127.0.0.1:0",
            "INFLUXDB_META_DIR": f"{data}/meta",
            "INFLUXDB_DATA_DIR": f"{data}/data",
            "INFLUXDB_DATA_WAL_DIR": f"{data}/wal",
            "INFLUXDB_DATA_QUERY_LOG_ENABLED": "false",
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}",
            "INFLUXDB_HTTP_FLUX_ENABLED": "true",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
            **self._more,
        }


class Influx2Server(EngineServer):
    """InfluxDB 2 with one organisation. `address()` makes a new and empty bucket in it."""

    ORG: Final = "school"

    def __init__(self) -> None:
        super().__init__(INFLUXD_2, "/health")
        self._buckets = count(1)
        self._token = secrets.token_hex(16)
        self._org_id = ""
        self._ids: dict[str, str] = {}

    def start(self) -> None:
        super().start()
        if not self._org_id:
            made = self._ask(
                "setup", username="tests", password=secrets.token_hex(16), org=self.ORG,
                bucket="first", token=self._token,
            )  # fmt: skip
            self._org_id = made["org"]["id"]

    def address(self, *, retention_s: int = 0) -> Address:
        """A bucket, and the token that may do everything; it refuses what is older than that."""
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        name = f"roomtone_{next(self._buckets)}"
        self._ids[name] = self._ask(
            "buckets", orgID=self._org_id, name=name, retentionRules=rules
        )["id"]  # fmt: skip
        return Address(kind="influxdb", url=self.url, token=self._token, org=self.ORG, bucket=name)

    def token(self, address: Address, *may: Literal["read", "write"]) -> str:
        """A token that may do this in this bucket, and nothing else."""
        bucket = {"type": "buckets", "id": self._ids[address.bucket], "orgID": self._org_id}
        rights = [{"action": each, "resource": bucket} for each in may]
        made = self._ask("authorizations", orgID=self._org_id, permissions=rights)
        return str(made["token"])

    def _ask(self, call: str, **content: object) -> Any:
        return json.loads(_post(f"{self.url}/api/v2/{call}", self._token, content))

    def _words(self) -> list[str]:
        data = self.folder / "data"
        return [
            f"--http-bind-address=127.0.0.1:{self.port}", f"--bolt-path={data}/bolt",
            f"--sqlite-path={data}/sqlite", f"--engine-path={data}/engine",
            "--reporting-disabled", "--log-level=error",
        ]  # fmt: skip


class NamedInflux:
    """The InfluxDB 2 that the environment names. `address()` empties its one bucket."""

    def __init__(self, named: Address) -> None:
        self._named = named

    def address(self, *, retention_s: int = 0) -> Address:
        if retention_s:
            pytest.skip("the bucket that ROOMTONE_TEST_INFLUX_BUCKET names is used as it is")
        self.empty()
        return self._named

    def token(self, address: Address, *may: Literal["read", "write"]) -> str:
        pytest.skip(f"{address.url} has one token for tests, and none that may only {may}")

    def empty(self) -> None:
        named = self._named
        where = urlencode({"org": named.org, "bucket": named.bucket})
        url = f"{named.url}/api/v2/delete?{where}"
        _post(url, named.token, {"start": "1970-01-01T00:00:00Z", "stop": "2200-01-01T00:00:00Z"})
