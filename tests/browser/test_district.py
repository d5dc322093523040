"""The walk through the demo's district in a browser, and its check on figures that are wrong.

With `ROOMTONE_PICTURES=FOLDER` each page is pictured there, light and dark, on a desk and on a phone.
"""

from __future__ import annotations

import os
import re
import time
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from roomtone.demo.broker import free_port
from roomtone.demo.district.checking import Check
from roomtone.demo.district.filling.fill import fill
from roomtone.demo.district.filming.showing import Filming
from roomtone.demo.district.programs import DistrictPrograms
from roomtone.demo.district.walking import PEOPLE
from roomtone.demo.district.words import CLIP, CLIP_REMARKS

pytestmark = [pytest.mark.slow, pytest.mark.programs, pytest.mark.timeout(900)]
PICTURES = os.environ.get("ROOMTONE_PICTURES", "")
DESK, PHONE = 1366, 390
LOOKS = (
    [(scheme, width) for scheme in ("light", "dark") for width in (DESK, PHONE)]
    if PICTURES
    else [("light", DESK), ("dark", PHONE)]
)
BROKEN = """[...document.images]
    .filter((image) => image.complete && image.currentSrc && !image.naturalWidth)
    .map((image) => image.currentSrc).join(" ")"""


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    """Filled and served: the programs, and what was put there."""
    folder = tmp_path_factory.mktemp("district")
    (folder / "logs").mkdir()
    with DistrictPrograms(folder, folder / "data", print) as programs:
        world = fill(
            folder, folder / "data", seed=1, now_utc_ns=time.time_ns(), progress=lambda *_: None
        )
        programs.write_settings()
        programs.start_collector()
        assert programs.release(world) >= 5
        programs.serve(world.put.latest, free_port)
        sessions = programs.session("teacher"), programs.session("coach")
        assert Filming(world, *sessions, folder, print).run()
        yield programs, world


@pytest.fixture(scope="module")
def checked(district):
    """The check, which has followed all links."""
    programs, world = district
    check = Check(programs, world)
    check.run()
    return check


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_each_page_that_a_link_leads_to_opens(browser, district, checked, scheme, width):
    programs, world = district
    origins = {
        "collector": programs.collector, "oversight": (world.folder / "oversight").as_uri()
    }  # fmt: skip
    faults = []
    for who in (*PEOPLE, *origins):
        context = browser.new_context(
            viewport={"width": width, "height": 768}, color_scheme=scheme,
            is_mobile=width < DESK, has_touch=width < DESK,
        )  # fmt: skip
        page = context.new_page()
        _note_errors(page, faults)
        origin = origins.get(who, programs.page)
        if who not in origins:
            page.goto(programs.sign_in_page(who, "/account"))
        for number, path in enumerate(checked.crawls[who].pages()):
            answer = page.goto(origin + path)
            assert answer.ok, path
            if re.fullmatch(r"/lessons/[^/?]+", path):
                page.wait_for_selector("body[data-drawn]")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                faults.append(f"{who}: {path} is {wide} px wide")
            broken = page.evaluate(BROKEN)
            if broken:
                faults.append(f"{who}: {path} shows no picture at {broken}")
            _picture(
                page, f"{who}-{number:02}-{path.strip('/').replace('/', '_') or 'start'}",
                f"{scheme}-{width}",
            )  # fmt: skip
        context.close()
    assert faults == []


def test_the_coach_watches_the_clip_of_the_cohort_and_reads_what_was_said(browser, district):
    programs, world = district
    page = browser.new_page()
    page.goto(programs.sign_in_page("coach", f"/cohorts/{world.put.cohort}/clips"))
    for _kind, said in CLIP_REMARKS:
        expect(page.get_by_text(said)).to_be_visible()
    page.get_by_role("link", name=CLIP).click()
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(40, abs=0.5)
    page.close()


def _note_errors(page, faults):
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda said: said.type == "error" and faults.append(f"{page.url}: {said.text}"),
    )


def _picture(page, name, look):
    if PICTURES:
        path = Path(PICTURES) / f"district-{name[:90]}-{look}.png"
        page.screenshot(path=path, full_page=True)


def faults_of(district) -> list[str]:
    """What the figures show, without following the links again."""
    programs, world = district
    check = Check(programs, world)
    check.run_figures()
    return check.faults


def test_the_check_finds_what_is_otherwise_than_it_was_put(district, checked):
    _programs, world = district
    assert checked.faults == []
    month = world.put.months()[2]
    world.put.lessons[month][0] += 1
    (fault,) = faults_of(district)
    assert fault.startswith("figures at the collector")
    world.put.lessons[month][0] -= 1
    for number in world.put.with_cycle(month, "ash"):
        world.put.cycles[number] = [(date(2000, 1, 1), date(2000, 1, 2))]
        break
    assert any(f"Ash School in {month}: shown is" in fault for fault in faults_of(district))
