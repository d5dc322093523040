"""Taking a lesson along in a real browser: each file is saved and is what its sentence says."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from icalendar import Calendar
from playwright.sync_api import expect

from school.bundle.file_format import read_bundle
from tests.browser.parts import parts

PAGE = "/lessons/sample/take"


@pytest.fixture
def take(page, school, tmp_path):
    """Saves a file by the words of its link."""

    def save(words: str) -> tuple[str, bytes]:
        with page.expect_download() as waiting:
            page.get_by_role("link", name=words).click()
        download = waiting.value
        path = tmp_path / "taken"
        download.save_as(path)
        return download.suggested_filename, Path(path).read_bytes()

    page.goto("/lessons/sample")
    page.get_by_role("link", name="Take it with you").click()
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible()
    return save


def test_the_tables(take):
    name, notes = take("Notes and moments")
    assert name == "notes.csv"
    found = list(csv.DictReader(io.StringIO(notes.decode("utf-8-sig"), newline="")))
    assert any("They were ready quickly today" in each["words"] for each in found)
    name, table = take("The timeline’s numbers")
    assert name == "lesson.csv"
    assert len(list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))) == 100


def test_the_record(take):
    name, pdf = take("Record of the debrief")
    assert name == "record.pdf"
    assert pdf.startswith(b"%PDF-")


def test_all_of_it(take):
    name, bundle = take("All of it")
    assert name == "lesson.json"
    assert read_bundle(bundle, name).lesson.title == "Fractions, part 2"


def test_the_next_visit(page, take, school):
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Take the entry").click()
    assert waiting.value.suggested_filename == "next-visit.ics"
    (event,) = Calendar.from_ical(waiting.value.path().read_bytes()).walk("VEVENT")
    assert event["dtstart"].dt == datetime(2025, 11, 25, 10, 5, tzinfo=UTC)


def test_a_browser_reads_the_tracks(page, take, school):
    """Chromium's own parser has as many cues as the files."""
    for words, file in (("Chapters", "chapters.vtt"), ("Moments for a player", "moments.vtt")):
        name, track = take(words)
        assert name == file
        expected = track.decode().count(" --> ")
        assert expected > 0
        read = page.evaluate(
            """(file) => new Promise((resolve) => {
              const video = document.createElement("video");
              const track = document.createElement("track");
              track.addEventListener("load", () => resolve([...track.track.cues].map((c) => c.text)));
              track.src = `/lessons/sample/${file}`;
              video.append(track);
              document.body.append(video);
              track.track.mode = "hidden";
            })""",
            file,
        )
        assert len(read) == expected
        if file == "moments.vtt":
            assert all("id" in json.loads(text) for text in read)


@pytest.mark.parametrize("width", (320, 390, 1366))
def test_it_fits(page, school, width):
    page.set_viewport_size({"width": width, "height": 768})
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="Take it with you")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in parts(page.locator("main .button")):
        assert part.bounding_box()["height"] >= 24
