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
from tests.bundles import bundle_file

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


def test_a_file_is_read_back(page, take, school, tmp_path):
    _, bundle = take("All of it")
    page.get_by_role("link", name="Read such a file back").click()
    page.get_by_label("A file such as lesson.json").set_input_files(
        {"name": "lesson.json", "mimeType": "application/json", "buffer": bundle}
    )
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("heading", name="Fractions, part 2")).to_be_visible()
    expect(page.get_by_text("Imported copy.")).to_be_visible()
    expect(page.get_by_text("They were ready quickly today")).to_be_visible()
    page.get_by_role("button", name="Delete this copy for good").click()
    expect(page.get_by_role("heading", name="Imported lessons")).to_be_visible()
    expect(page.locator(".sessions li")).to_have_count(0)


def test_a_changed_file_is_refused(browser, school):
    """Chromium logs the answer's status as an error."""
    context = browser.new_context(base_url=school.address, storage_state=school.storage)
    page = context.new_page()
    page.goto("/imported")
    changed = bundle_file().replace(b"Who begins?", b"Who shouts?")
    page.get_by_label("A file such as lesson.json").set_input_files(
        {"name": "lesson.json", "mimeType": "application/json", "buffer": changed}
    )
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_role("alert")).to_contain_text("was changed or damaged")
    context.close()
