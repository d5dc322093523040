"""What a sign-in costs, and how many page answers two cores give with sign-in on and off.

    python benchmarks/bench_sign_in.py [--json] [--pairs 25] [--answers 20]

Two dashboards serve the same school and one simulated lesson of 50 minutes: the real `roomtone
dashboard`, and the same application in which every request is the teacher's without a session, a role
or a lesson's owner being read. A pair is so many answers of one and then of the other, in turn first,
over four connections that stay open. A ratio is the share of the answers a second that is left with
sign-in on; its spread is that of half of all pairs. A dashboard is one process and fills one
core; this program and the kernel have the other one.

Times of the processor are those of the dashboard alone; other load on the machine does not change them
much. A sign-in is a password's, without a second factor, by a new connection each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path

from bench_page import Figures
from starlette.requests import HTTPConnection as Connection
from support.child_process import child
from support.lesson_dashboard import answers, write_lesson

from contract.clock import SECOND_NS
from dashboard_api.app import create_app
from dashboard_api.command import guarded_server, open_stores
from dashboard_api.settings import DashboardSettings
from dashboard_api.web.access import Needs
from dashboard_api.web.store_thread import StoreDep
from dashboard_api.web.viewer import Viewer
from roomtone.demo.broker import free_port
from school import open_school
from school.people.passwords import hash_password, is_password
from school.sharing.policy import Reach
from school.sharing.store import SharingStore
from tests.signed_in import BY, TEACHER, add_person, cookie_of_all, header

PASSWORD = "tuba glacier mitten 94"
SIGN_INS = 15
CONNECTIONS = 4
LESSONS = 20
READY_S = 60.0
PATHS = {
    "start page": "/",
    "lesson page": "/lessons/lesson",
    "a lesson's timeline": "/api/lessons/lesson/timeline",
}


class OpenSharing(SharingStore):
    """Every lesson is the asker's, without a look at whose it is."""

    def reach(self, lesson: str, person: str, utc_ns: int) -> Reach | None:  # noqa: ARG002
        return "own"


def serve_open(directory: Path, port: int) -> None:
    """The same pages without sign-in and policy: the floor. Never shipped."""
    stores = open_stores(directory)
    person = stores.people.person(TEACHER)
    assert person is not None
    open_door = replace(stores, sharing=OpenSharing(stores.sharing._database))  # noqa: SLF001  # of this floor alone
    settings = DashboardSettings(port=port)

    async def pass_through(self: Needs, connection: Connection, store: StoreDep) -> Viewer:
        del connection, store
        now = time.time_ns()
        return Viewer(
            person=person, session=None, action=self.action, utc_ns=now, people_utc_ns=now
        )

    # Not by `dependency_overrides`: FastAPI looks at the signature of each override in each request.
    Needs.__call__ = pass_through  # type: ignore[method-assign]
    app = create_app(lambda: open_door, settings=settings, data_dir=directory)
    with socket.create_server(("127.0.0.1", port)) as listener:
        guarded_server(app, settings).run(sockets=[listener])


@dataclass
class Pages:
    """A running dashboard, with open connections and the processor time of its process."""

    port: int
    pid: int
    cookies: dict[str, str]

    def burst(self, path: str, count: int) -> tuple[float, float]:
        """Answers a second, and milliseconds of the processor for one."""
        each = max(1, count // CONNECTIONS)
        count = each * CONNECTIONS
        before, began = cpu_s(self.pid), time.perf_counter()
        asyncio.run(self._ask(path, each))
        taken = time.perf_counter() - began
        return count / taken, (cpu_s(self.pid) - before) * 1e3 / count

    async def _ask(self, path: str, each: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(self._connection(path, each))

    async def _connection(self, path: str, count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept-Encoding: gzip"]
        lines += [f"{name}: {value}" for name, value in header(self.cookies).items()]
        request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        for _ in range(count):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            if " 200 " not in head.partition("\r\n")[0]:
                raise SystemExit(f"{path} answered {head.partition(chr(13))[0]}")
            length = head.partition("content-length:")[2].partition("\r\n")[0]
            await reader.readexactly(int(length))
        writer.close()


def cpu_s(pid: int) -> float:
    """Processor time of a process with all its threads."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text(encoding="ascii").split()[0]) for each in threads) / 1e9


def prepare(directory: Path) -> dict[str, str]:
    """One lesson with readings, and others for the list; the cookies of their teacher."""
    directory.mkdir()
    write_lesson(directory)
    with closing(open_school(directory)) as school:
        lesson = school.lessons.get("lesson")
        assert lesson is not None
        for i in range(1, LESSONS):
            back_ns = i * 86_400 * SECOND_NS
            school.lessons.put(
                replace(
                    lesson, id=f"l{i}", starts_utc_ns=lesson.starts_utc_ns - back_ns,
                    ends_utc_ns=(lesson.ends_utc_ns or 0) - back_ns,
                )
            )  # fmt: skip
        add_person(school.people, TEACHER, "teacher")
        school.people.set_second_factor(TEACHER, None, BY)
        school.people.set_password(TEACHER, hash_password(PASSWORD), BY)
    return cookie_of_all(directory)


def sign_in_ms(port: int) -> Figures:
    """A sign-in, its Argon2 alone in this process, and an answer without content; asked in turn."""
    hashed = hash_password(PASSWORD)
    times: dict[str, list[float]] = {"sign-in": [], "argon2": [], "floor": []}
    work: dict[str, Callable[[], object]] = {
        "sign-in": lambda: sign_in(port),
        "argon2": lambda: is_password(PASSWORD, hashed),
        "floor": lambda: answers(f"http://127.0.0.1:{port}/healthz"),
    }
    for _ in range(SIGN_INS + 1):
        for name, each in work.items():
            began = time.perf_counter()
            each()
            times[name].append((time.perf_counter() - began) * 1e3)
    median = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    return {
        "sign-in, ms": median["sign-in"],
        "of which Argon2, ms": median["argon2"],
        "an empty answer, ms": median["floor"],
        "least sign-in, ms": min(times["sign-in"]),
        "least Argon2, ms": min(times["argon2"]),
    }


def sign_in(port: int) -> None:
    form = urllib.parse.urlencode({"name": TEACHER, "password": PASSWORD})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin",
    }  # fmt: skip
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/sign-in", form, headers)
        if connection.getresponse().status != 303:
            raise SystemExit("the sign-in was refused")


def compare(signed: Pages, floor: Pages, pairs: int, count: int) -> dict[str, Figures]:
    found = {}
    for page, path in PATHS.items():
        taken: dict[str, list[tuple[float, float]]] = {"on": [], "off": []}
        for pair in range(pairs + 1):
            both = [("on", signed), ("off", floor)]
            for name, pages in both if pair % 2 else reversed(both):
                taken[name].append(pages.burst(path, count))
        on, off = taken["on"][1:], taken["off"][1:]
        rates = [one[0] / other[0] for one, other in zip(on, off, strict=True)]
        lower, _, upper = statistics.quantiles(rates, n=4)
        found[page] = {
            "answers/s, sign-in on": statistics.median(one[0] for one in on),
            "answers/s, off": statistics.median(one[0] for one in off),
            "ratio": statistics.median(rates),
            "ratio, lower quartile": lower,
            "ratio, upper quartile": upper,
            "least processor, ms, on": min(one[1] for one in on),
            "least processor, ms, off": min(one[1] for one in off),
        }
    return found


@contextmanager
def serving(command: list[str], port: int) -> Iterator[int]:
    """The process of pages that answer at a port."""
    with child(command) as program:
        until = time.monotonic() + READY_S
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            if time.monotonic() > until or program.poll() is not None:
                raise SystemExit("the pages did not start")
            time.sleep(0.1)
        yield program.pid


def measure(directory: Path, pairs: int, count: int) -> dict[str, Figures]:
    data, config = directory / "data", directory / "server.toml"
    cookies = prepare(data)
    port, other_port = free_port(), free_port()
    config.write_text(f'site = "bench"\ndata_dir = "{data}"\n[dashboard]\nport = {port}\n')
    program = [sys.executable, "-P", "-m", "roomtone", "dashboard", "--config", str(config)]
    floor = [sys.executable, __file__, "--serve-open", str(data), str(other_port)]
    with serving(program, port) as pid, serving(floor, other_port) as other_pid:
        found = {"one sign-in": sign_in_ms(port)}
        signed, is_open = Pages(port, pid, cookies), Pages(other_port, other_pid, {})
        return found | compare(signed, is_open, pairs, count)


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--pairs", type=int, default=25, metavar="N", help="pairs of each page")
    parser.add_argument(
        "--answers", type=int, default=20, metavar="N", help="answers in half a pair"
    )
    parser.add_argument("--serve-open", nargs=2, metavar=("FOLDER", "PORT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_open is not None:
        serve_open(Path(arguments.serve_open[0]), int(arguments.serve_open[1]))
        return
    with tempfile.TemporaryDirectory(prefix="bench-sign-in-", dir=Path.cwd()) as name:
        found = measure(Path(name), arguments.pairs, arguments.answers)
    if arguments.json:
        print(json.dumps(found))
        return
    print(f"sign-in, and pages with it and without, over {CONNECTIONS} connections")
    for what, figures in found.items():
        print(what)
        for figure, value in figures.items():
            print(f"    {figure:<26}{value:>10,.3g}")


if __name__ == "__main__":
    main()
