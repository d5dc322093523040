"""The drafts: the same in both languages, with this server's figures, and the sign on one page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from ingest.settings import BackupSettings, RetentionSettings, ServerSettings
from roomtone.oversight import drafts as module
from roomtone.oversight.blocks import Document, Grid, Heading, Paragraph
from roomtone.oversight.drafts import DRAFTS, LANGUAGES, draft, drafts
from roomtone.oversight.html import html_of
from roomtone.oversight.pdf import pdf_of
from roomtone.oversight.situation import Situation
from school.database import open_school_database
from school.rooms.records import Site
from school.video.settings import VideoSettings
from tests.signed_in import BY, open_test_school

FOLDER = Path(module.__file__).parent / "drafts"
RETENTION = RetentionSettings(
    seat_days=11, room_days=112, score_days=113, debrief_days=114, video_days=15, label_days=116,
    audit_days=117, aside_days=18,
)  # fmt: skip


@pytest.fixture
def now(tmp_path: Path) -> Iterator[Situation]:
    """A school with a name that a careless program would take for something else."""
    with closing(open_test_school(tmp_path / "data")) as school:
        school.rooms.add_site(Site(name="hill", title="Hill {school} <b>#2</b>"), BY)
    settings = ServerSettings(
        site="hill", data_dir=tmp_path / "data", retention=RETENTION,
        backup=BackupSettings(repository="/mnt/nas", keep_days=19),
        video=VideoSettings(directory=tmp_path / "videos", key_directory=tmp_path / "keys"),
    )  # fmt: skip
    with closing(open_school_database(tmp_path / "data")) as database:
        yield Situation(settings=settings, database=database, utc_ns=0, version="1")


def shape(document: Document) -> list[object]:
    """What must be alike in each language: the order of blocks, and how long tables and lists are."""
    return [
        (type(block).__name__, len(getattr(block, "rows", getattr(block, "items", ()))))
        for block in document.blocks
    ]


@pytest.mark.parametrize("name", DRAFTS)
def test_both_languages_say_the_same_things(name: str, now: Situation) -> None:
    texts = [(FOLDER / f"{name}.{language}.md").read_text() for language in LANGUAGES]
    one, two = (sorted(re.findall(r"\{(\w+)\}", text)) for text in texts)
    assert one == two != []
    # As many places for the school to complete.
    assert texts[0].count("[") == texts[1].count("[") > 0
    english, spanish = (draft(name, language, now) for language in LANGUAGES)
    assert shape(english) == shape(spanish)
    for mine, theirs in zip(english.blocks, spanish.blocks, strict=True):
        assert mine != theirs, "not translated"
        if isinstance(mine, Grid) and isinstance(theirs, Grid):
            assert {len(row) for row in (*mine.lines(), *theirs.lines())} == {len(mine.headings)}
            numbers = [
                [re.findall(r"\d+", " ".join(row)) for row in grid.rows] for grid in (mine, theirs)
            ]
            assert numbers[0] == numbers[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_figures_are_those_of_the_settings(language: str, now: Situation) -> None:
    text = str([draft(name, language, now).blocks for name in DRAFTS])
    for days in (11, 112, 113, 114, 15, 116, 117, 18, 19):
        assert re.search(rf"\b{days}\b", text), days
    off = replace(now, settings=now.settings.model_copy(
        update={"video": VideoSettings(), "backup": BackupSettings()}
    ))  # fmt: skip
    without = str([draft(name, language, off).blocks for name in DRAFTS])
    assert not re.search(r"\b19\b", without)
    no_camera = "no camera" if language == "en" else "no tiene cámara"
    assert no_camera in without
    assert no_camera not in text


def test_a_schools_own_name_is_taken_as_it_is(now: Situation) -> None:
    found = draft("notice", "en", now)
    assert any(isinstance(block, Paragraph) and block.text.startswith("Hill {school} <b>#2</b> uses")
               for block in found.blocks)  # fmt: skip
    assert "Hill {school} &lt;b&gt;#2&lt;/b&gt; uses" in html_of(found, "")
    assert "Hill {school} <b>#2</b> uses" in words_of(found)
    assert "Hill {school} <b>#2</b> uses" in found.markdown
    assert "{seat_days}" not in found.markdown


def test_it_says_that_it_is_a_draft_and_what_is_never_done(now: Situation) -> None:
    for document in drafts(now):
        text = str(document.blocks)
        if not document.is_sign:
            assert "DRAFT" in text or "BORRADOR" in text
            assert re.search("tests or exams|pruebas ni exámenes", text)
        assert re.search("five seats or more|cinco asientos o más", text)
        assert any(isinstance(block, Heading) for block in document.blocks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sign_is_one_page_in_its_language(language: str, now: Situation) -> None:
    reader = PdfReader(BytesIO(pdf_of(draft("door-sign", language, now), "footer", 0)))
    assert len(reader.pages) == 1
    assert reader.trailer["/Root"].get_object()["/Lang"] == language  # type: ignore[index]


def test_a_name_without_letters_in_any_font_still_gets_its_pdf(now: Situation) -> None:
    sign = draft("door-sign", "en", now)
    odd = replace(sign, blocks=(*sign.blocks, Paragraph("\U0001e7e0\U0001e7e1 school")))
    assert "school" in words_of(odd)


def words_of(document: Document) -> str:
    reader = PdfReader(BytesIO(pdf_of(document, "footer", 0)))
    text = " ".join(page.extract_text() for page in reader.pages)
    return " ".join(text.replace("\u200b", "").split())
