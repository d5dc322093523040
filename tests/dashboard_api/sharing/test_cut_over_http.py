"""Somebody with whom a span is shared gets the span and nothing else, whatever they ask for."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from contract.clock import SECOND_NS
from dashboard_api.video.service import VideoService
from school.sharing.cut import Span
from school.video.settings import VideoSettings
from tests.signed_in import BY, COACH
from tests.videos import add_video

FROM, TO = 600, 1200


@pytest.fixture
def viewer(coach, filled, client):
    """The coach, who sees minutes 10 to 20 alone."""
    answer = client.post(
        "/lessons/sample/sharing",
        data={"person": COACH, "until": "2025-11-20", "part": "spans",
              "start": ["10:00", "", ""], "end": ["20:00", "", ""]},
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    return coach


@pytest.mark.parametrize("level", (1, 5, 30))
def test_the_timeline_is_the_span(viewer, client, level: int) -> None:
    mine = viewer.get(f"/api/lessons/sample/timeline?level_s={level}").json()
    whole = client.get(f"/api/lessons/sample/timeline?level_s={level}").json()
    assert mine["from_s"] == FROM
    assert mine["length_s"] == TO
    for lane in ("movement", "noise"):
        step = whole[lane]["step_s"]
        for name in set(mine[lane]) - {"step_s"}:
            assert len(mine[lane][name]) == (TO - FROM) // step
            inner = slice(1, -1)
            assert mine[lane][name][inner] == whole[lane][name][FROM // step : TO // step][inner]
    for zone in mine["zones"]:
        assert len(zone["cells"]) == TO // 10
        assert all(cell is None for cell in zone["cells"][: FROM // 10])
    assert all(gap["end_s"] <= TO for gap in mine["gaps"])
    assert mine["gaps"][0] == {
        "start_s": 0, "end_s": FROM, "reason": "not_shared", "words": "not shared with you",
    }  # fmt: skip
    assert all(FROM <= one["start_s"] < one["end_s"] <= TO for one in mine["activities"])


@pytest.mark.parametrize("span", ((0, 600), (1200, 3000), (2000, 2500), (0, 10), (900, 900)))
def test_outside_there_is_nothing(viewer, span: tuple[int, int]) -> None:
    address = f"/api/lessons/sample/timeline?level_s=1&from_s={span[0]}&to_s={span[1]}"
    answer = viewer.get(address).json()
    for lane in ("movement", "noise"):
        assert {len(answer[lane][name]) for name in set(answer[lane]) - {"step_s"}} == {0}


def test_table_strip_moments_and_list_are_the_spans_too(viewer, client) -> None:
    table = viewer.get("/lessons/sample/table").text
    assert "10:00–10:30" in table
    assert "19:30–20:00" in table
    assert "9:30–10:00" not in table
    assert "20:00–20:30" not in table
    strip = ET.fromstring(viewer.get("/lessons/sample/strip.svg").text)
    bars = [one.get("fill") for one in strip]
    assert set(bars[:20]) == {"#8d8496"}
    assert set(bars[21:]) != {"#8d8496"}
    moments = viewer.get("/api/lessons/sample/moments").json()
    everything = client.get("/api/lessons/sample/moments").json()
    assert len(moments) < len(everything)
    assert all(one["start_s"] >= FROM and one["end_s"] <= TO for one in moments)
    (line,) = viewer.get("/api/lessons").json()
    assert line["moments"] == sum(one["kind"] == "own" for one in moments)
    assert line["lively"] == sum(
        one["kind"] == "suggested" and not one["is_strength"] for one in moments
    )
    assert viewer.get("/lessons/sample").status_code == 200
    assert viewer.get("/api/model?lesson=sample").status_code == 200


def test_moments_outside_do_not_exist(viewer, client) -> None:
    outside = [
        one for one in client.get("/api/lessons/sample/moments").json()
        if one["end_s"] > TO or one["start_s"] < FROM
    ]  # fmt: skip
    assert outside
    for one in outside:
        address = f"/api/lessons/sample/moments/{one['id']}"
        answer = viewer.request("PUT", f"{address}/verdict", json={"verdict": "confirmed"})
        missing = viewer.request(
            "PUT", "/api/lessons/sample/moments/never/verdict", json={"verdict": "confirmed"}
        )
        assert (answer.status_code, answer.text) == (404, missing.text)
        assert viewer.request("DELETE", address).status_code == 404
    new = {"start_s": 1190, "length_s": 20}
    assert viewer.post("/api/lessons/sample/moments", json=new).status_code == 422
    assert viewer.post("/api/lessons/sample/moments", json={"start_s": 700}).status_code == 201


def test_the_video_is_kept_back_and_the_page_says_so(viewer, client, stores, tmp_path) -> None:
    settings = VideoSettings(directory=tmp_path / "videos", key_directory=tmp_path / "keys")
    service = VideoService(settings=settings)
    client.app.state.videos = service
    add_video(stores.videos, service.require_files(), "sample", b"\0" * 64)
    assert client.get("/lessons/sample/video").status_code == 200
    assert viewer.get("/lessons/sample/video").status_code == 404
    assert "a file can’t be cut here" in viewer.get("/lessons/sample").text
    assert viewer.get("/api/lessons").json()[0]["has_video"] is False
    until = (client.app.state.store_thread.clock.utc_ns()) + 86_400 * SECOND_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=until)
    assert viewer.get("/lessons/sample/video").status_code == 200
    client.post(
        "/lessons/sample/exclusions", data={"start": "1:00", "end": "2:00", "reason": "private"}
    )
    assert viewer.get("/lessons/sample/video").status_code == 404


def test_a_form_that_is_unclear_shares_nothing(client, coach, filled, stores) -> None:
    for form in (
        {"part": "spans", "start": [""], "end": [""]},
        {"part": "whole", "start": ["1:00"], "end": ["2:00"]},
        {"part": "spans", "start": ["1:00"], "end": [""]},
        {"part": "spans", "start": ["1:00", "2:00"], "end": ["2:00"]},
    ):
        answer = client.post(
            "/lessons/sample/sharing", data={"person": COACH, "until": "2025-11-20", **form}
        )
        assert answer.status_code == 422, form
        (share,) = stores.sharing.shares("sample", 0)
        assert share.spans == ()


def test_a_share_that_ends_meanwhile_is_never_the_whole_lesson(
    viewer, client, stores, monkeypatch
) -> None:
    """Between the look whether one may see it and the look at what of it."""
    assert stores.sharing.teacher.cuts(["sample"], COACH)["sample"].shared == (Span(FROM, TO),)
    reach = stores.sharing.reach

    def ends_after(lesson: str, person: str, utc_ns: int):
        found = reach(lesson, person, utc_ns)
        stores.sharing.unshare(lesson, COACH, BY)
        return found

    monkeypatch.setattr(stores.sharing, "reach", ends_after)
    assert viewer.get("/api/lessons/sample/timeline").status_code == 404
