"""A real browser on real pages: Chromium, uvicorn on a free port, stores in memory."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect, sync_playwright
from sqlalchemy import delete

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.app import create_app
from dashboard_api.command import guarded_server
from dashboard_api.live.advances import Advances
from dashboard_api.web.rendering import STATIC
from dashboard_api.web.store_thread import Stores
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school.audit.actor import Actor
from school.clips.clip_keeping import ClipKeeper
from school.video.maps import clock_maps
from school.video.settings import VideoSettings
from tests.browser.cohort import end_cohorts
from tests.browser.colleagues import forget_colleagues
from tests.signed_in import BY, TEACHER, cookie, open_test_school, storage_of
from tests.videos import remove_videos

START_NS = 1_763_460_300 * SECOND_NS
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_MS = 40_000
"""How long a test waits for something that must happen: against hanging, not a measurement."""

SETTLED = """() =>
  !document.querySelector('.htmx-request, .htmx-swapping, .htmx-added, .htmx-settling')"""
"""htmx marks its requests, swaps and settling; new forms and links work only after that."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def sample_lesson():
    path = Path(__file__).with_name("sample_lesson.py")
    spec = importlib.util.spec_from_file_location("sample_lesson", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sample_lesson"] = module
    spec.loader.exec_module(module)
    return module


# Not for the session: while Playwright runs, its event loop blocks the main thread, and other
# tests need an event loop of their own.
@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    if not (STATIC / "vendor" / "uPlot.min.js").is_file():
        pytest.skip("the pages' libraries are not here: make setup")
    with sync_playwright() as playwright:
        arguments = [
            "--disable-background-networking",
            "--autoplay-policy=no-user-gesture-required",
        ]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=PATIENCE_MS
        )
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def film(tmp_path_factory) -> Path:
    """Eighty seconds of a test picture that shows its own time."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("no ffmpeg to make a video with: apt-get install ffmpeg")
    path = tmp_path_factory.mktemp("film") / "lesson.webm"
    subprocess.run(
        [
            ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=5",
            "-t", "80", "-c:v", "libvpx", "-b:v", "60k", "-g", "10", "-deadline", "realtime",
            "-cpu-used", "8", str(path),
        ],
        check=True,
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def running(sample_lesson, tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A running dashboard with the sample lesson, and its stores to write to."""
    school = open_test_school(tmp_path_factory.mktemp("school"))
    stores = Stores.of_school(school, periods=MemoryPeriodStore(), scores=MemoryScoreStore())
    lesson = sample_lesson.write(
        stores.periods, stores.scores, stores.lessons, sample_lesson.Sample(start_utc_ns=START_NS)
    )
    clock = ManualClock()
    video = VideoSettings(
        directory=tmp_path_factory.mktemp("videos"), key_directory=tmp_path_factory.mktemp("keys"),
        reserve_gb=0,
    )  # fmt: skip
    app = create_app(lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"), video=video)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = guarded_server(app, app.state.settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield SimpleNamespace(
        app=app,
        stores=stores,
        lesson=lesson,
        clock=clock,
        files=app.state.videos.require_files(),
        start_ns=START_NS,
        address=f"http://127.0.0.1:{listener.getsockname()[1]}",
    )
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def school(running, sample_lesson) -> SimpleNamespace:
    """The running dashboard in its first state, one hour after the lesson started."""
    lessons = running.stores.lessons
    lessons.put(running.lesson)
    for moment in lessons.moments(running.lesson.id):
        lessons.remove_moment(moment.id)
    sample_lesson.add_moments(lessons, running.lesson.id)
    remove_videos(running.stores.videos, running.files, running.lesson.id)
    clips = ClipKeeper(store=running.stores.clips, files=running.files)
    clips.remove_of_lesson(running.lesson.id, BY, "by_hand")
    end_cohorts(running)
    forget_colleagues(running)
    for said in lessons.verdicts(running.lesson.id):
        lessons.remove_verdict(running.lesson.id, said.moment, said.by)
    running.stores.control.resume_lesson(running.lesson.id, BY)
    sharing = running.stores.sharing
    sharing.guesses.remove(running.lesson.id, TEACHER)
    sharing.guesses.begin(TEACHER, is_on=False)
    sharing.plans.remove(running.lesson.id, replace(BY, person=TEACHER))
    sharing.standards.remove("Maths")
    for copy in sharing.imported.of_person(TEACHER):
        sharing.imported.remove(copy.id, TEACHER, BY)
    for sheet in sharing.forms.of_lesson(running.lesson.id):
        by = Actor(name=sheet.person, utc_ns=0, person=sheet.person)
        sharing.forms.remove(sheet.lesson, sheet.form, by)
    for step in sharing.steps.of_lesson(running.lesson.id):
        sharing.steps.remove(step.id, BY)
    for cycle in sharing.cycles.of_teacher(TEACHER):
        sharing.cycles.remove(cycle.id, replace(BY, person=TEACHER))
    with running.stores.clock_maps._database.writing() as connection:
        connection.execute(delete(clock_maps))
    # The clock goes back, and what was seen before must not count.
    facts = running.app.state.live_facts
    running.app.state.live_facts = replace(facts, advances=Advances())
    running.clock.now_ns = 0
    running.clock.utc_at_boot_ns = START_NS + 3600 * SECOND_NS
    cookies = cookie(running.stores.people, running.clock.utc_ns())
    running.storage = storage_of(cookies)
    """In a browser's context with this, the teacher is signed in."""
    return running


@pytest.fixture
def settled():
    """Waits until htmx has finished; the change itself is visible earlier."""

    def wait(page) -> None:
        page.wait_for_function(SETTLED)

    return wait


@pytest.fixture
def page(browser, school):
    """A page of 1366 × 768 that fails the test on an error or a request to another host."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768},
        base_url=school.address,
        storage_state=school.storage,
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((school.address, "blob:", "data:"))
            else faults.append(f"asked {asked.url}")
        ),
    )
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()
    assert faults == []
