"""The district's programs: the pages, and a collector beside them that gets each school's months."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final, Self

from contract.aggregates.signing import make_key, public_bytes, read_key
from contract.clock import SystemClock
from dashboard_api.web.access import COOKIE
from ingest.aggregates.command import AggregatesDesk
from ingest.settings import ServerSettings
from roomtone.collector.store import CollectorStore, KnownSite
from roomtone.demo.broker import free_port
from roomtone.demo.district.cast import SITES
from roomtone.demo.district.crawling.crawl import Fetch, fetch_with
from roomtone.demo.district.filming.session import Session
from roomtone.demo.district.world import World
from roomtone.demo.page_port import fetch, is_taken, serve_pages
from roomtone.demo.programs import Programs
from roomtone.demo.settings_files import toml
from school import open_school
from school.database import open_school_database
from school.people.demo_ids import DISTRICT_PEOPLE, DemoName, demo_id
from school.programme.month_figures import month_of

__all__ = ["DistrictPrograms"]

_READY_S: Final = 60.0


class DistrictPrograms:
    """A context manager: it stops what it started. `report` gets one line for each event."""

    def __init__(self, folder: Path, data: Path, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._data = data
        self._report = report
        self._programs = Programs(folder / "logs")
        self._cleanup = ExitStack()
        self._collector_port = free_port()
        self._cookies: dict[DemoName, str] = {}
        self.page_port = 0

    def __enter__(self) -> Self:
        self._cleanup.callback(self._programs.stop_all)
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    @property
    def config(self) -> Path:
        """The server's settings."""
        return self._folder / "server.toml"

    @property
    def page(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.page_port}"

    @property
    def collector(self) -> str:
        """The address of the collector."""
        return f"http://127.0.0.1:{self._collector_port}"

    def write_settings(self) -> None:
        """One server for the three schools."""
        first, *others = (school.site for school in SITES)
        text = toml(
            {"site": first, "more_sites": others, "data_dir": str(self._data)},
            lessons={"time_zone": "UTC"},
            aggregates={"collector": self.collector},
            video={
                "directory": str(self._folder / "videos"),
                "key_directory": str(self._folder / "keys"),
                "reserve_gb": 0.0,
            },
        )
        self.config.write_text(text, encoding="utf-8")

    def start_collector(self) -> None:
        """Start it; it knows the three schools by the server's key."""
        key = make_key(self._data / "aggregates-key.pem")
        file, config = self._folder / "collector.db", self._folder / "collector.toml"
        with CollectorStore(file) as store:
            for school in SITES:
                site = KnownSite(name=school.site, title=school.title, public_key=public_bytes(key))
                store.add_site(site, SystemClock().utc_ns())
        config.write_text(
            toml({"file": str(file)}, dashboard={"port": self._collector_port}), encoding="utf-8"
        )
        self._programs.start_ours("collector", "serve", "--config", str(config))
        self._programs.wait_until(
            lambda: is_taken(self._collector_port), what="an answer from the collector",
            timeout_s=_READY_S,
        )  # fmt: skip

    def release(self, world: World) -> int:
        """Send what may leave of the months that are over; how many months."""
        settings = ServerSettings.load(self.config)
        months = [month_of(int(name[:4]), int(name[5:]), settings.lessons.zone)
                  for name in world.put.months()]  # fmt: skip
        over = [month for month in months if month.high_utc_ns <= world.now_utc_ns]
        with (
            (self._folder / "logs" / "aggregates.log").open("w", encoding="utf-8") as log,
            closing(open_school_database(self._data)) as database,
        ):
            desk = AggregatesDesk(
                settings=settings, database=database, clock=SystemClock(),
                say=lambda line: print(line, file=log),
            )  # fmt: skip
            for month in over:
                desk.send(month, read_key(self._data / "aggregates-key.pem"))
        return len(over)

    def serve(self, lesson: str, choose: Callable[[], int]) -> None:
        """Start the pages; the demo's teacher has that lesson."""
        with closing(open_school(self._data)) as school:
            for name in DISTRICT_PEOPLE:
                token = school.people.start_session(
                    demo_id(name), "roomtone demo", SystemClock().utc_ns(), has_second_factor=True
                )
                self._cookies[name] = f"{COOKIE}={token}"
        self.page_port = serve_pages(
            self._programs, "--config", str(self.config), "--demo", lesson=lesson,
            cookie=self._cookies["teacher"], choose=choose, report=self._report,
        )  # fmt: skip

    def sign_in_page(self, name: DemoName, path: str) -> str:
        """The address that opens a page as one of the demo's people."""
        return f"{self.page}/demo/{name}?next={path}"

    def fetch(self, name: DemoName, path: str) -> str:
        """Fetch a page as one of the demo's people; raises ProgramError if it is not served."""
        return fetch(self.page + path, self._cookies[name]).decode()

    def fetching(self, name: DemoName) -> Fetch:
        """Fetches anything as one of the demo's people, errors too."""
        return fetch_with(self.page, self._cookies[name])

    def fetching_collected(self) -> Fetch:
        """Fetches anything of the collector, errors too."""
        return fetch_with(self.collector)

    def session(self, name: DemoName) -> Session:
        """Sends forms as one of the demo's people."""
        return Session(self.page, self._cookies[name])

    def fetch_collected(self, path: str) -> str:
        """Fetch a page of the collector, which is open to whoever reaches it."""
        return fetch(self.collector + path).decode()
