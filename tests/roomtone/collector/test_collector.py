"""A school's command sends its figures to a collector, which takes what fits and says why not of the rest."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient

from contract.aggregates.report import Report, encode
from contract.aggregates.signing import fingerprint, public_bytes, public_text, seal
from contract.clock import SECOND_NS, ManualClock
from contract.errors import LinkError, NotTakenError, StoreError, UsageError
from dashboard_api.settings import DashboardSettings
from ingest.aggregates.command import AggregatesDesk
from ingest.settings import ServerSettings
from roomtone.cli import main
from roomtone.collector import taking
from roomtone.collector.app import create_collector
from roomtone.collector.store import CollectorStore, KnownSite
from school import open_school
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.database import open_school_database
from school.lessons.records import Lesson
from school.programme.released import ReleasedReports
from school.rooms.records import Site

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
NOVEMBER_NS = int(datetime(2026, 11, 3, tzinfo=UTC).timestamp()) * SECOND_NS
OCTOBER_NS = int(datetime(2026, 10, 5, tzinfo=UTC).timestamp()) * SECOND_NS
BY = Actor(name="a test", utc_ns=0)
REPORT = Report(site="ash", month="2026-10", teachers=24, figures={"lessons": 310})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "collector.db"
    with CollectorStore(path) as store:
        store.add_site(KnownSite(name="ash", title="Ash <School>", public_key=public_bytes(KEY)), 1)
        store.add_site(KnownSite(name="birch", title="", public_key=public_bytes(OTHER)), 1)
    return path


@pytest.fixture
def collector(file: Path) -> Iterator[TestClient]:
    clock = ManualClock(now_ns=0, utc_at_boot_ns=NOVEMBER_NS)
    app = create_collector(lambda: CollectorStore(file), clock, DashboardSettings())
    with TestClient(app, "http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.fixture
def desk(tmp_path: Path, collector: TestClient) -> Iterator[AggregatesDesk]:
    """A school with twelve teachers, each with a lesson in October."""
    school = open_school(tmp_path)
    for number in range(12):
        name = f"t{number}"
        school.people.add(name, name, ["teacher"], BY, person_id=name)
        school.sharing.tie_name(f"Ms {name}", name, BY)
        at = OCTOBER_NS + number
        school.lessons.put(
            Lesson(id=f"l-{name}", room="r", teacher=f"Ms {name}", title="", starts_utc_ns=at,
                   ends_utc_ns=at + SECOND_NS, source="timetable")
        )  # fmt: skip
    school.close()

    def pass_on(request: httpx2.Request) -> httpx2.Response:
        answer = collector.post(
            request.url.path, content=request.content, headers={"Content-Type": "application/json"}
        )
        return httpx2.Response(answer.status_code, content=answer.content)

    settings = ServerSettings.checked(
        {
            "site": "ash",
            "data_dir": str(tmp_path),
            "aggregates": {"collector": "https://c.example"},
        },
        where="a test",
    )
    database = open_school_database(tmp_path, None)
    yield AggregatesDesk(
        settings=settings, database=database, say=SAID.append,
        clock=ManualClock(now_ns=0, utc_at_boot_ns=NOVEMBER_NS),
        transport=httpx2.MockTransport(pass_on),
    )  # fmt: skip
    database.close()


SAID: list[str] = []


@pytest.fixture(autouse=True)
def said() -> list[str]:
    SAID.clear()
    return SAID


def held(file: Path) -> list[Report]:
    with CollectorStore(file) as store:
        return store.reports()


def post(collector: TestClient, content: bytes) -> Any:
    return collector.post("/reports", content=content)


def test_a_school_shows_and_sends_a_month_that_is_over(desk, file, collector) -> None:
    month = desk.month(None)
    assert desk.show(month) == 0
    assert SAID[0].startswith("ash, 2026-10: 12 teachers\n")
    assert "Lessons: 12" in SAID[0]
    assert held(file) == []
    assert desk.send(month, KEY) == 0
    assert [(each.site, each.teachers, each.figures["lessons"]) for each in held(file)] == [
        ("ash", 12, 12)
    ]
    assert SAID[-1] == "The collector holds the figures of ash for 2026-10."
    page = collector.get("/")
    assert "Ash &lt;School&gt;" in page.text
    assert page.status_code == 200
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    table = collector.get("/aggregates.csv").text.split("\r\n")
    assert table[0].startswith("\ufeffmonth,site,teachers,with_cycle")
    assert table[1].startswith("2026-10,ash,12,")
    before = list(SAID)
    assert desk.send(month, KEY) == 0
    assert before == SAID, "a second time there is nothing to send"


def test_a_page_has_a_year_of_months_and_the_table_all(file, collector) -> None:
    with CollectorStore(file) as store:
        for month in ("2025-12", "2026-01", "2026-10"):
            report = replace(REPORT, month=month)
            store.keep(report, encode(report), b"", 1)

    def months(address: str) -> list[str]:
        return re.findall(r'<h2 id="month-[^>]*>([^<]*)</h2>', collector.get(address).text)

    assert months("/") == ["October 2026", "January 2026"]
    assert months("/?year=2025") == ["December 2025"]
    assert months("/?year=1999") == months("/?year=%FF") == months("/")
    page = collector.get("/?year=2025").text
    assert '<a href="/?year=2026">2026</a>' in page
    assert '<b aria-current="page">2025</b>' in page
    assert len(collector.get("/aggregates.csv").text.split()) == 4


def test_what_is_lost_on_the_way_is_sent_again_as_it_was(desk, file) -> None:
    def lost(_request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("no route to host")

    with pytest.raises(LinkError, match=r"c\.example did not answer: no route to host"):
        replace(desk, transport=httpx2.MockTransport(lost)).send(desk.month(None), KEY)
    with pytest.raises(NotTakenError, match=r"refused it with 422: .*another key signed it"):
        desk.send(desk.month(None), OTHER)
    assert held(file) == []
    assert desk.send(desk.month(None), KEY) == 0
    assert len(held(file)) == 1


def test_a_refused_report_stops_no_other_one(desk, file) -> None:
    old = replace(REPORT, month="2022-10")
    ReleasedReports(desk.database).release(old, "https://c.example", BY)
    for _again in range(2):
        with pytest.raises(NotTakenError, match="more than 36 months ago"):
            desk.send(desk.month(None), KEY)
        assert [each.month for each in held(file)] == ["2026-10"]
    assert SAID[0].startswith(
        "The figures of ash for 2022-10 were not taken: the collector refused"
    )


def test_a_month_that_is_not_over_does_not_leave(desk) -> None:
    for name in ("2026-11", "2027-01"):
        with pytest.raises(UsageError, match="is not over"):
            desk.month(name)
    with pytest.raises(UsageError, match="is no month"):
        desk.month("October")
    assert desk.send(desk.month("2026-09"), KEY) == 0
    assert SAID == ["ash, 2026-09: fewer than 10 teachers had a lesson; nothing leaves."]


@pytest.mark.parametrize(
    ("content", "words"),
    (
        (encode(REPORT), "has no report"),
        (
            json.dumps({"report": encode(REPORT).decode()}).encode(),
            "an unsigned report is not taken",
        ),
        (seal(encode(REPORT), OTHER), "changed on the way, or another key signed it"),
        (seal(encode(REPORT), KEY).replace(b"310", b"311"), "changed on the way"),
        (seal(encode(REPORT).replace(b":24", b":9"), KEY), "teachers: 9, expected 10"),
        (seal(encode(REPORT).replace(b":310", b":99999"), KEY), "expected 0 to 9600"),
        (seal(encode(replace(REPORT, site="oak")), KEY), "oak is not known here"),
        (seal(encode(replace(REPORT, month="2026-11")), KEY), "2026-11 is not over"),
        (seal(encode(replace(REPORT, month="2022-10")), KEY), "more than 36 months ago"),
        (b"\xff{}", "is not JSON in ASCII"),
    ),
)
def test_what_does_not_fit_is_refused_with_a_sentence(collector, file, content, words) -> None:
    answer = post(collector, content)
    assert answer.status_code == 422
    assert words in answer.text
    assert answer.text.startswith("The report was not taken: ")
    assert held(file) == []


def test_a_month_is_taken_once(collector, file) -> None:
    assert post(collector, seal(encode(REPORT), KEY)).status_code == 201
    assert post(collector, seal(encode(REPORT), KEY)).status_code == 200
    other = replace(REPORT, figures={"lessons": 311})
    answer = post(collector, seal(encode(other), KEY))
    assert answer.status_code == 422
    assert "is held already, with other figures" in answer.text
    assert held(file) == [REPORT]


@pytest.fixture
def district(desk, file) -> Any:
    """Ash and birch with a cycle for ten of twenty teachers each, and cedar for six of sixteen."""
    school = open_school(desk.settings.data_dir)
    for at, (site, teachers, coached) in enumerate(
        (("ash", 20, 10), ("birch", 20, 10), ("cedar", 16, 6))
    ):
        school.rooms.add_site(Site(name=site), BY)
        for number in range(teachers):
            name = f"{site}-{number}"
            school.people.add(name, name, ["teacher"], BY, person_id=name)
            school.sharing.tie_name(f"Ms {name}", name, BY)
            school.programme.put_people({name: site}, BY)
            starts = OCTOBER_NS + 1_000 * at + number
            school.lessons.put(
                Lesson(id=f"l-{name}", room="r", teacher=f"Ms {name}", title="",
                       starts_utc_ns=starts, ends_utc_ns=starts + SECOND_NS, source="timetable")
            )  # fmt: skip
            if number < coached:
                by = Actor(name="", utc_ns=starts, person=name)
                school.sharing.cycles.write(CycleText(focus="Calm"), None, by)
    with CollectorStore(file) as store:
        store.add_site(KnownSite(name="cedar", title="", public_key=public_bytes(KEY)), 2)
        store.replace_key("birch", public_bytes(KEY), 2)
    settings = ServerSettings.checked(
        {
            "site": "ash", "more_sites": ["birch", "cedar"],
            "data_dir": str(desk.settings.data_dir),
            "aggregates": {"collector": "https://c.example"},
        },
        where="a test",
    )  # fmt: skip
    yield replace(desk, settings=settings), school
    school.close()


def test_no_report_has_what_its_months_coverage_hides(district, file) -> None:
    desk, school = district
    desk.send(desk.month(None), KEY)
    (month,) = school.coverage.months()
    rows = {row.name: row for row in month.rows if row.kind == "school"}
    left = {each.site: each.figures.get("with_cycle") for each in held(file)}
    assert left == {site: row.with_cycle for site, row in rows.items()}
    # By itself birch has ten with a cycle and ten without; beside the others it would give cedar's six.
    assert month.rows[0].with_cycle == 26
    assert [left["ash"], left["birch"], left["cedar"]].count(10) == 1


def test_nobody_who_moved_is_between_coverage_and_a_report(district, file) -> None:
    desk, school = district
    month = desk.month(None)
    school.coverage.count(month, set(), BY, now_utc_ns=NOVEMBER_NS)
    school.programme.put_people({"ash-0": "cedar"}, BY)
    desk.show(month)
    desk.send(month, KEY)
    assert [each.site for each in held(file)] == ["birch"]
    assert SAID.count(
        "ash, 2026-10: nothing leaves. Beside the coverage of 2026-10, which is counted already, it "
        "would give a small group or one person away."
    ) == 2  # fmt: skip
    # One who has a cycle for one who has none: what leaves says nothing of either.
    school.programme.put_people({"ash-0": "ash"}, BY)
    school.programme.put_people({"ash-0": "cedar", "cedar-15": "ash"}, BY)
    desk.send(month, KEY)
    rows = {row.name: row.with_cycle for row in school.coverage.months()[0].rows}
    assert {each.site: each.figures.get("with_cycle") for each in held(file)} == {
        site: rows[site] for site in ("ash", "birch", "cedar")
    }


def test_a_month_whose_figures_left_without_a_count_gets_none(district) -> None:
    desk, school = district
    ReleasedReports(desk.database).release(REPORT, "https://c.example", BY)
    with pytest.raises(UsageError, match="left for a collector before this count"):
        school.coverage.count(desk.month(None), set(), BY, now_utc_ns=NOVEMBER_NS)
    assert school.coverage.months() == []


def test_a_report_that_comes_twice_at_one_moment_is_held_once(
    collector, file, monkeypatch: pytest.MonkeyPatch
) -> None:
    require = taking._require_over
    nested: list[int] = []

    def meanwhile(month: str, utc_ns: int) -> None:
        """The same report comes again while the first one is checked."""
        require(month, utc_ns)
        if not nested:
            nested.append(0)
            nested[0] = post(collector, seal(encode(REPORT), KEY)).status_code

    monkeypatch.setattr(taking, "_require_over", meanwhile)
    with CollectorStore(file) as store:
        assert not taking.take(store, seal(encode(REPORT), KEY), NOVEMBER_NS)
    assert nested == [201]
    assert held(file) == [REPORT]


def test_figures_that_do_not_fit_each_other_are_refused(collector, file) -> None:
    answer = post(collector, seal(encode(replace(REPORT, figures={"talks": 30})), KEY))
    assert answer.status_code == 422
    assert "figures.talks: stands without with_talk" in answer.text
    assert held(file) == []


def test_what_left_is_shown_as_it_left(desk) -> None:
    month = desk.month(None)
    assert desk.send(month, KEY) == 0
    school = open_school(desk.settings.data_dir)
    school.lessons.purge(lessons=["l-t0", "l-t1", "l-t2"], purged_utc_ns=1)
    school.close()
    SAID.clear()
    desk.show(month)
    assert SAID[0].startswith("ash, 2026-10: 12 teachers\n")
    assert SAID[0].endswith("Released on 2026-11-03: this is what left, whatever a count says now.")


def test_a_packed_answer_is_not_unpacked(desk) -> None:
    def packed(_request: httpx2.Request) -> httpx2.Response:
        headers = {"Content-Encoding": "gzip"}
        return httpx2.Response(422, headers=headers, content=gzip.compress(bytes(1 << 20)))

    with pytest.raises(NotTakenError, match="in a packed answer that is not read"):
        replace(desk, transport=httpx2.MockTransport(packed)).send(desk.month(None), KEY)


def test_a_site_that_lost_its_key_gets_another_which_is_noted(
    tmp_path: Path, capsys, collector, file
) -> None:
    assert post(collector, seal(encode(REPORT), KEY)).status_code == 201
    config = tmp_path / "collector.toml"
    config.write_text(f'file = "{file}"\n')
    key = public_text(public_bytes(OTHER))
    replace_key = ["collector", "key", "ash", "--key", key, "--config", str(config)]
    assert main(replace_key) == 0
    assert "what it sent before stays" in capsys.readouterr().out
    assert main(replace_key) == 2
    assert "has this key already" in capsys.readouterr().err
    assert main(["collector", "key", "oak", *replace_key[3:]]) == 2
    september = replace(REPORT, month="2026-09")
    assert post(collector, seal(encode(september), KEY)).status_code == 422
    assert post(collector, seal(encode(september), OTHER)).status_code == 201
    assert held(file) == [REPORT, september]
    capsys.readouterr()
    assert main(["collector", "list", "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert fingerprint(public_bytes(OTHER)) in lines[0]
    assert re.search(
        rf"{re.escape(fingerprint(public_bytes(KEY)))}  until \d{{4}}-\d\d-\d\d", lines[1]
    )


def test_a_file_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    """There a key was of one site, for good."""
    path = tmp_path / "c.db"
    with CollectorStore(path) as store:
        store._db.executescript(
            "DROP TABLE former_keys; DROP TABLE sites;"
            "CREATE TABLE sites (name TEXT PRIMARY KEY, title TEXT NOT NULL,"
            " public_key BLOB NOT NULL UNIQUE, added_utc_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
            "PRAGMA user_version = 1"
        )
        store.add_site(KnownSite(name="ash", title="Ash", public_key=public_bytes(KEY)), 1)
        assert store.keep(REPORT, encode(REPORT), b"", 1)
    with CollectorStore(path) as store:
        store.replace_key("ash", public_bytes(OTHER), 2)
        store.add_site(KnownSite(name="cedar", title="", public_key=public_bytes(OTHER)), 3)
    with CollectorStore(path) as store:
        assert store.key_of("ash") == public_bytes(OTHER)
        assert [each.until_utc_ns for each in store.former_keys("ash")] == [2]
        assert [(each.name, each.title) for each in store.sites()] == [
            ("ash", "Ash"),
            ("cedar", ""),
        ]
        assert store.reports() == [REPORT]
        assert store._db.execute("PRAGMA foreign_key_check").fetchall() == []
        with pytest.raises(StoreError, match="FOREIGN KEY"):
            store.keep(replace(REPORT, site="oak"), b"", b"", 4)


def test_the_schools_of_one_server_have_one_key(collector, file) -> None:
    with CollectorStore(file) as store:
        store.add_site(KnownSite(name="cedar", title="", public_key=public_bytes(KEY)), 2)
    reports = [REPORT, replace(REPORT, site="cedar")]
    for report in reports:
        assert post(collector, seal(encode(report), KEY)).status_code == 201
    assert held(file) == reports
    # Another server's site is not theirs to speak of.
    refused = post(collector, seal(encode(replace(REPORT, site="birch")), KEY))
    assert refused.status_code == 422


def test_too_much_is_refused(collector, file) -> None:
    answer = post(collector, b"{" + b" " * (10 << 20))
    assert answer.status_code in {413, 422}
    assert held(file) == []


def test_another_websites_page_sends_nothing(collector, file) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = collector.post("/reports", content=seal(encode(REPORT), KEY), headers=headers)
    assert answer.status_code == 403
    assert held(file) == []


def test_nothing_changes_or_removes_a_report(collector, file) -> None:
    post(collector, seal(encode(REPORT), KEY))
    with CollectorStore(file) as store:
        for statement in ("DELETE FROM reports", "UPDATE reports SET month = '2026-01'"):
            with pytest.raises(Exception, match="report"):
                store._db.execute(statement)
        assert not store.keep(REPORT, encode(REPORT), b"", 2)
    for method in ("put", "patch", "delete"):
        assert getattr(collector, method)("/reports").status_code == 405


def test_a_file_that_is_no_collectors_is_said(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="can't use"):
        CollectorStore(path)


def test_sites_are_added_by_their_keys(tmp_path: Path, capsys) -> None:
    config = tmp_path / "collector.toml"
    config.write_text(f'file = "{tmp_path / "c.db"}"\n')
    key = public_text(public_bytes(KEY))
    add = ["collector", "add", "ash", "--title", "Ash", "--key", key, "--config", str(config)]
    assert main(add) == 0
    assert main(add) == 2
    assert "a site ash already" in capsys.readouterr().err
    assert main([*add[:2], "A b", *add[3:]]) == 2
    assert main([*add[:6], "none", *add[7:]]) == 2
    capsys.readouterr()
    assert main(["collector", "list", "--config", str(config)]) == 0
    assert capsys.readouterr().out.startswith("ash ")


def test_a_school_makes_its_key(tmp_path: Path, capsys) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f'site = "ash"\ndata_dir = "{tmp_path}"\n')
    show = ["aggregates", "key", "--config", str(config)]
    assert main(show) == 2
    assert "aggregates key --make" in capsys.readouterr().err
    assert main([*show, "--make"]) == 0
    assert capsys.readouterr().out.startswith("Public key:  ")
    assert main(["aggregates", "send", "--config", str(config)]) == 2
    assert "has no school.db" in capsys.readouterr().err
