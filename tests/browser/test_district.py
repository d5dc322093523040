"""The walk through the demo's district in a browser, and its check on figures that are wrong.

With `ROOMTONE_PICTURES=FOLDER` each page is pictured there, light and dark.
"""

from __future__ import annotations

import os
import re
import time
from datetime import date
from pathlib import Path

import pytest

from roomtone.demo.broker import free_port
from roomtone.demo.district.checking import Check, walk
from roomtone.demo.district.filling.fill import fill
from roomtone.demo.district.programs import DistrictPrograms

pytestmark = [pytest.mark.programs, pytest.mark.timeout(600)]
PICTURES = os.environ.get("ROOMTONE_PICTURES", "")
WIDTH = 1366


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
        yield programs, world


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_each_page_of_the_walk_opens(browser, district, scheme):
    programs, world = district
    faults = []
    pages = walk(world.put)
    for who in dict.fromkeys(each for each, _path, _what in pages):
        context = browser.new_context(viewport={"width": WIDTH, "height": 768}, color_scheme=scheme)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.goto(programs.sign_in_page(who, "/"))
        for number, (mine, path, _what) in enumerate(pages):
            if mine != who:
                continue
            answer = page.goto(programs.page + path)
            assert answer.status == 200, path
            page.wait_for_load_state("load")
            if re.fullmatch(r"/lessons/[^/]+", path):
                page.wait_for_selector("body[data-drawn]")
            assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, path
            _picture(
                page, f"{number:02}-{who}-{path.strip('/').replace('/', '_') or 'start'}", scheme
            )
        context.close()
    page = browser.new_page(viewport={"width": WIDTH, "height": 768}, color_scheme=scheme)
    page.goto(programs.collector)
    _picture(page, "collector", scheme)
    page.close()
    assert faults == []


def _picture(page, name, scheme):
    if PICTURES:
        path = Path(PICTURES) / f"district-{name}-{scheme}.png"
        page.screenshot(path=path, full_page=True)


def faults_of(district) -> list[str]:
    programs, world = district
    check = Check(programs, world)
    check.run()
    return check.faults


def test_the_check_finds_what_is_otherwise_than_it_was_put(district):
    _programs, world = district
    assert faults_of(district) == []
    month = world.put.months()[2]
    world.put.lessons[month][0] += 1
    (fault,) = faults_of(district)
    assert fault.startswith("figures at the collector")
    world.put.lessons[month][0] -= 1
    for number in world.put.with_cycle(month, "ash"):
        world.put.cycles[number] = [(date(2000, 1, 1), date(2000, 1, 2))]
        break
    assert any(f"Ash School in {month}: shown is" in fault for fault in faults_of(district))
