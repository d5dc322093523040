"""The pages as a browser without scripts sees them, and their security."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from contract.clock import SECOND_NS
from dashboard_api.views.text import TRUST

HTML = {"accept": "text/html"}


def text_of(answer) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


def test_without_lessons_the_list_says_what_to_do_next(client):
    text = text_of(client.get("/"))
    assert "No lesson yet" in text
    assert "roomtone demo" in text
    assert "roomtone lesson --config server.toml import timetable.csv" in text


def test_the_list_shows_a_lesson_with_its_data_quality(client, filled):
    text = " ".join(text_of(client.get("/")).split())
    assert "Today – Tuesday, 18 November" in text
    assert "11:05 50 min Fractions, part 2 Ms Ortega · room-204" in text
    assert "96 % sensed" in text
    assert "3 lively stretches · 2 moments marked" in text


def test_running_lessons_come_first(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="on", title="Poems", ends_utc_ns=None))
    text = text_of(client.get("/"))
    assert text.index("Now") < text.index("Poems") < text.index("Today")
    assert "Watch live" in text


def test_a_lesson_that_nobody_ended_is_over_on_every_page_after_the_limit(
    client, stores, filled, clock
):
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None))
    hours = stores.longest_ns
    room = f"/rooms/{filled.lesson.room}/live"
    for after_ns, is_on in ((hours - SECOND_NS, True), (hours, False)):
        clock.utc_at_boot_ns = filled.start_ns + after_ns
        for path, words in (("/", "Watch live"), ("/lessons/sample", "On now")):
            assert (words in text_of(client.get(path))) is is_on
        assert ("no lesson is on in this room" in text_of(client.get(room))) is not is_on
        assert client.get("/api/lessons").json()[0]["is_running"] is is_on
        timeline = client.get("/api/lessons/sample/timeline").json()
        assert timeline["is_running"] is is_on
    assert client.get("/api/lessons").json()[0]["length_s"] == hours / SECOND_NS
    # Nothing that a page writes gives it an end.
    client.request("PUT", "/api/lessons/sample/clock-map", json={"offset_s": 2.0})
    assert stores.lessons.get("sample").ends_utc_ns is None


def test_the_list_has_pages(client, stores, filled):
    for i in range(60):
        start = filled.start_ns - i * 86_400 * SECOND_NS
        stores.lessons.put(
            replace(
                filled.lesson,
                id=f"old-{i}",
                starts_utc_ns=start,
                ends_utc_ns=start + 60 * SECOND_NS,
            )
        )
    assert len(client.get("/api/lessons").json()) == 50
    assert len(client.get("/api/lessons?number=2").json()) == 11
    assert client.get("/api/lessons?number=0").status_code == 422
    start = client.get("/").text
    assert start.count('class="lesson-row"') == 2 + 20  # of today, and the last ones
    assert "Earlier lessons" in start


def test_the_lesson_page_names_its_moments_and_how_far_to_trust_them(client, filled):
    page = text_of(client.get("/lessons/sample"))
    assert "They were ready quickly today. What helped?" in page
    assert "A lively stretch: the whole room" in page
    assert "A calm stretch" in page
    suggestions = page.count("Why the system suggests this moment")
    assert suggestions >= 1
    assert page.lower().count(TRUST) >= suggestions


@pytest.mark.parametrize(
    "path",
    (
        "/",
        "/?q=a",
        "/rooms",
        "/lessons/sample",
        "/lessons/sample/table",
        "/model",
        "/rooms/room-204/live",
    ),
)
def test_no_page_scores_or_ranks_anyone(client, filled, path):
    text = text_of(client.get(path)).lower()
    for word in ("engagement", "score", "rank", "attention", "seat 1"):
        assert word not in text


def test_an_unknown_lesson_is_a_friendly_404(client):
    for path in ("/lessons/none", "/lessons/none/table", "/lessons/none/video"):
        answer = client.get(path, headers=HTML)
        assert answer.status_code == 404
        assert "Back to the lessons" in answer.text
    assert client.get("/api/lessons/none/timeline").json()["detail"].startswith("There is no such")
    assert client.get("/nowhere", headers=HTML).status_code == 404


def test_titles_and_notes_are_escaped(client, stores, filled):
    evil = "<script>alert(1)</script>"
    stores.lessons.put(replace(filled.lesson, title=evil, teacher=evil))
    stores.lessons.put_moment(
        replace(stores.lessons.moments("sample")[0], note=f'{evil}\n" onload="x', id="evil")
    )
    for path in ("/", "/?q=script", "/lessons/sample"):
        page = client.get(path).text
        assert evil not in page
        assert '" onload="' not in page


def test_the_table_has_the_same_numbers_in_pages(client, filled):
    page = client.get("/lessons/sample/table?number=4")
    assert page.text.count("<tr>") == 21
    assert "the kit lost power or restarted" in page.text
    assert "Page 5" in page.text
    part = client.get("/lessons/sample/table?number=99", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert "page 5 of 5" in part.text


def test_the_strip_of_a_lesson_is_a_picture_without_styles(client, filled):
    answer = client.get("/lessons/sample/strip.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.text.count("<rect") == 40
    assert "style" not in answer.text


def test_everything_carries_the_security_headers(client, filled):
    for path in (
        "/",
        "/lessons/sample",
        "/static/shared/base.css",
        "/lessons/none",
        "/openapi.json",
    ):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers
    assert client.get("/lessons/sample").headers["cache-control"] == "no-store"


def test_static_files_may_be_cached_for_ever_and_a_missing_one_is_a_404(client, filled):
    page = client.get("/lessons/sample").text
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert {".css", ".js", ".svg"} <= {Path(address).suffix for address in addresses}
    for address in addresses:
        answer = client.get(address)
        if answer.status_code == 200 or "/vendor/" not in address:
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["cache-control"]
        else:
            assert "immutable" not in answer.headers["cache-control"]
    assert client.get("/static/lessons/none.js").status_code == 404
    assert client.get("/static/timeline/stage.js").headers["cache-control"] == "no-cache"


def test_no_page_names_another_host_or_contains_a_script(client, filled):
    for path in ("/", "/?week=1", "/rooms", "/lessons/sample", "/rooms/room-204/live",
                 "/lessons/sample/table", "/model"):  # fmt: skip
        page = client.get(path).text
        assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", page)
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"""\s(style|on\w+)=["']""", page)


@pytest.mark.parametrize(
    "host", ("evil.example:8000", "127.0.0.1.evil.example", "192.168.1.4:8000", "[", "[::2]", "")
)
def test_a_foreign_host_name_is_refused(client, host):
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ("localhost:8000", "127.0.0.1", "127.8.0.1:80", "[::1]:8000"))
def test_this_computers_own_names_are_answered(client, host):
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ),
)
def test_a_page_of_another_site_can_change_nothing(client, stores, filled, headers):
    answer = client.post("/lessons/sample/moments", data={"start_s": "5"}, headers=headers)
    assert answer.status_code == 403
    assert len(stores.lessons.moments("sample")) == 2


def test_openapi_describes_every_part_of_the_interface(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/api/counts",
        "/api/lessons",
        "/api/lessons/{lesson_id}/timeline",
        "/api/lessons/{lesson_id}/clock-map",
        "/api/lessons/{lesson_id}/clock-map/{version}",
        "/api/lessons/{lesson_id}/moments",
        "/api/lessons/{lesson_id}/moments/{moment_id}",
        "/api/lessons/{lesson_id}/moments/{moment_id}/replies",
        "/api/lessons/{lesson_id}/moments/{moment_id}/replies/{reply_id}",
        "/api/lessons/{lesson_id}/moments/{moment_id}/verdict",
        "/api/lessons/{lesson_id}/answers",
        "/api/model",
        "/api/lessons/{lesson_id}/video",
        "/api/lessons/{lesson_id}/video/uploads",
        "/api/lessons/{lesson_id}/video/uploads/{video_id}",
        "/lessons/{lesson_id}/video",
        "/api/rooms/{room}/live",
        "/rooms/{room}/live/events",
    }
    for operations in paths.values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["tags"]
