"""No finding of axe on any state of any page, in both themes, at five widths.

A new page or state is a line in `STATES`. With `ROOMTONE_PICTURES=FOLDER` each is pictured there at
each size, for people to look at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract.aggregates.report import Report
from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.clips.clip_keeping import ClipKeeper, WantedClip
from school.control.records import KitRequest
from school.cycle.records import CycleText
from school.moments.records import Reply
from school.plans.records import Phase
from tests.browser.axe import AXE, findings
from tests.browser.both_sides import add_film, fill_as, shared, wait_for_film
from tests.browser.cohort import (
    ask_to_lead,
    begin_cohorts,
    count_spans,
    hand_on,
    open_cohort,
    open_part,
)
from tests.browser.colleagues import begin_handing_over, show_colleagues
from tests.browser.lab import describe_lab
from tests.browser.programme import roll_out, run_a_programme
from tests.school.video.made_videos import made_video
from tests.signed_in import COACH, TEACHER
from tests.videos import add_video

SIZES = ((1366, 625), (1920, 953), (768, 1024), (390, 844), (320, 568))


def nothing(page: Any) -> None:
    """The page as it opens."""


def click(selector: str) -> Callable[[Any], None]:
    return lambda page: page.locator(selector).first.click()


def choose(moment: str) -> Callable[[Any], None]:
    def step(page: Any) -> None:
        page.evaluate("(id) => { location.hash = `#moment-${id}`; }", moment)
        page.wait_for_selector(f'.is-chosen[data-id="{moment}"]')

    return step


def zoom(page: Any) -> None:
    page.locator("#view-to").fill("2:00")
    page.locator("#view-to").press("Enter")


def open_table(page: Any) -> None:
    page.locator(".as-table summary").click()
    page.wait_for_selector("#table tbody tr")


def open_answers(page: Any) -> None:
    page.locator(".answers > summary").click()
    page.wait_for_selector(".answers-choice")


def write_with_tags(page: Any) -> None:
    page.locator("#mark").click()
    page.locator("#new-moment .tag-choice > summary").click()
    page.locator("#new-moment .tag-group > summary").first.click()
    page.locator("#new-moment .tag-box").first.click()


def reply(page: Any) -> None:
    choose("sample-a")(page)
    page.locator("#moment-sample-a .reply-open summary").click()


def be_late(page: Any) -> None:
    """Save a change of a note that somebody has changed meanwhile."""
    choose("sample-b")(page)
    page.locator("#moment-sample-b .edit-note").click()
    changed = """async () => { const answer = await fetch('/api/lessons/sample/moments/sample-b', {
      method: 'PUT', headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({revision: 1, note: 'Of somebody else'})}); return answer.status; }"""
    assert page.evaluate(changed) == 200
    page.locator("#moment-note").fill("Of mine")
    page.locator("#new-moment [type=submit]").click()
    page.wait_for_selector("#new-moment .theirs:not([hidden])")


def write_offline(page: Any) -> None:
    page.route("**/api/**/moments", lambda route: route.abort())
    page.locator("#mark").click()
    page.locator("#moment-note").fill("Without a network")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#waiting li")
    page.wait_for_selector("#note-link:not([hidden])")


def lose_the_share(page: Any) -> None:
    page.locator("#mark").click()
    page.locator("#moment-note").fill("Not saved")
    gone = {"status": 404, "headers": {"Roomtone-Closed": "lesson"}, "json": {"detail": "Gone."}}
    page.route("**/lessons/sample/moments", lambda route: route.fulfill(**gone))
    page.wait_for_selector(".closed")


def debrief(page: Any) -> None:
    page.locator("#together-open").click()
    page.wait_for_selector("#together-people li")


def agenda(page: Any) -> None:
    debrief(page)
    page.locator("#agenda-start").click()
    page.locator("#agenda-now").click()
    page.wait_for_selector("#agenda-list:popover-open")


def cut_off(page: Any) -> None:
    debrief(page)
    page.context.set_offline(True)
    page.wait_for_selector("#together.is-lost")


def be_signed_out(page: Any) -> None:
    debrief(page)
    page.evaluate("() => { fetch('/sign-out', {method: 'POST', redirect: 'manual'}); }")
    page.wait_for_selector(".closed")


def visit(page: Any) -> None:
    page.locator("#visit .tag-choice > summary").click()
    page.locator("#visit .tag-group > summary").first.click()
    page.locator("#words").fill("They begin")


def choose_file(page: Any) -> None:
    """What is no video, in the tab "Video": the page asks who may be filmed."""
    page.click("#tab-video")
    page.wait_for_selector("#lv-add:not([hidden])")
    fake = {"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"%PDF" * 100}
    page.set_input_files("#lv-file", fake)
    page.wait_for_selector("#lv-consent[open]")


def be_refused(page: Any) -> None:
    choose_file(page)
    page.click("#lv-consent .main")
    page.wait_for_selector("#lesson-video:is([data-shown=refused], [data-shown=failed])")


def ask_to_delete(page: Any) -> None:
    page.click("#tab-video")
    page.click("#lv-delete")


def dismiss(page: Any) -> None:
    choose("sample-alert-1")(page)
    page.locator("#no-sample-alert-1").click()
    page.wait_for_selector("#why-sample-alert-1")


def guess(page: Any) -> None:
    page.locator("#guess-open").click()
    page.locator("#guess-add").click()


def compare(page: Any) -> None:
    guess(page)
    page.locator("#guess-compare").click()
    page.wait_for_selector(".difference")


def read_back(page: Any) -> None:
    """The lesson itself, as it is taken along."""
    taken = "async () => (await fetch('/lessons/sample/lesson.json')).text()"
    read_file(page, page.evaluate(taken).encode())
    page.wait_for_selector(".imported .movement")


def read_another_file(page: Any) -> None:
    read_file(page, b"{}")
    page.wait_for_selector(".trouble")


def read_file(page: Any, data: bytes) -> None:
    page.set_input_files("#file", {"name": "a.json", "mimeType": "text/json", "buffer": data})
    page.click("main form[enctype] [type=submit]")


def fill_form(page: Any) -> None:
    """An item of which another window has saved something else, and one that is filled."""
    page.locator("#item-who-talks label").first.click()
    page.locator("#words-mistakes").fill("The second task, 12:30")
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('form'))")
    changed = """async () => { const answer = await fetch('talk-rubric/items/kinds-of-questions', {
      method: 'PUT', headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({revision: 0, words: 'Of my phone'})}); return answer.status; }"""
    assert page.evaluate(changed) == 200
    page.locator("#words-kinds-of-questions").fill("Of my laptop")
    page.wait_for_selector("#item-kinds-of-questions .take:not([hidden])")


def be_compared_with(school: Any) -> None:
    """The coach is done with a form."""
    fill_as(school, COACH, "task-waits", "seen", "2:10, on the board")


def be_compared_in_a_cycle(school: Any) -> None:
    be_compared_with(school)
    by = Actor(name=TEACHER, person=TEACHER, utc_ns=school.clock.utc_ns())
    cycle = school.stores.sharing.cycles.write(CycleText(focus="Calm changes"), COACH, by)
    school.stores.sharing.cycles.look_at(cycle.id, "sample", by)


def be_planned(school: Any) -> None:
    """A plan of which a phase ran over, one never came, and one is not known."""
    by = Actor(name=TEACHER, person=TEACHER, utc_ns=school.clock.utc_ns())
    phases = [
        Phase(name="Warm-up", minutes=10, began_s=20), Phase(name="Talk", minutes=5, began_s=960),
        Phase(name="Group task", minutes=20, standards=("F.1",)),
        Phase(name="Share", minutes=10, is_absent=True),
    ]  # fmt: skip
    school.stores.sharing.plans.write("sample", phases, 0, by)


def compare_forms(page: Any) -> None:
    item = page.locator("#item-task-waits")
    item.locator("[value=not-seen]").check()
    page.locator("#done button").click()
    page.wait_for_selector(".both")
    item.locator("summary").click()


def look_over_time(page: Any) -> None:
    compare_forms(page)
    page.locator("a[href$=over-time]").click()
    page.wait_for_selector(".over-time")


def be_paused(school: Any) -> None:
    """In the middle of the lesson, which its teacher has paused."""
    school.clock.now_ns = -1_600 * SECOND_NS
    by = Actor(name=TEACHER, person=TEACHER, utc_ns=school.clock.utc_ns())
    school.stores.control.pause_lesson(school.lesson.id, by)


def release_figures(school: Any) -> None:
    """Two months of a school left; the collector holds the first one."""
    released, by = (
        school.stores.released,
        Actor(name=TEACHER, person=TEACHER, utc_ns=school.clock.utc_ns()),
    )
    for month, figures in (
        ("2025-10", {"lessons": 310, "with_talk": 0, "talks": 0}),
        ("2025-11", {"lessons": 298}),
    ):
        report = Report(site="school", month=month, teachers=24, figures=figures)
        released.release(report, "https://figures.example", by)
        if month == "2025-10":
            released.taken(report, by.utc_ns)


def be_asked(school: Any) -> None:
    """A kit did not do what it was asked to."""
    by = Actor(name=TEACHER, person=TEACHER, utc_ns=school.clock.utc_ns())
    request = KitRequest(
        room="room-204", node="room-204-pi", id="asked", command="identify", asked_utc_ns=by.utc_ns
    )
    school.stores.control.ask(request, by)
    school.stores.control.answer(
        "asked", is_done=False, why="the kit did not answer within a minute"
    )


def look_at_answer(page: Any) -> None:
    page.reload()
    page.wait_for_selector(".ask-kit .soft")


def next_step(page: Any) -> None:
    page.wait_for_selector(".next-step", state="attached")
    page.locator("#tab-step").click()


def measure(page: Any) -> None:
    next_step(page)
    page.locator("#what-new").fill("Cards first")
    page.locator("[name=settles_minutes]").fill("4")
    page.locator("#save-new").click()
    page.locator(".measured summary").click()
    page.wait_for_selector(".measure table")


def begin_cycle(page: Any) -> None:
    page.locator("#focus").fill("Calm changes of activity")
    page.locator("#again_on").fill("2025-12-09")
    page.locator(".cycle-form .main").click()
    page.wait_for_selector(".stages")


def open_again(page: Any) -> None:
    page.reload()


def make_code(page: Any) -> None:
    page.reload()
    page.locator("form[action$='/code'] button").click()
    page.wait_for_selector("#code")


@dataclass(frozen=True)
class State:
    """A page in one of its states."""

    name: str
    address: str
    ready: str = "main"
    step: Callable[[Any], None] = nothing
    with_film: bool = False
    is_shared: bool = False
    prepare: Callable[[Any], None] = nothing


LESSON = ("/lessons/sample", "body[data-drawn]")


def open_line_up(page: Any) -> None:
    """Two moments by hand, below what the sound suggests."""
    page.locator("#tab-video").click()
    page.locator(".by-points summary").click()
    page.evaluate(
        """() => {
        document.getElementById("line-up-proposal").hidden = false;
        document.getElementById("proposal-text").textContent = "The sound suggests a line-up.";
        document.getElementById("line-up-said").textContent = "Saved.";
        }"""
    )


def be_answered(school: Any) -> None:
    """A coach replies to a note in the teacher's lesson."""
    made = Reply(
        id="reply-that-is-new", moment="sample-b", lesson="sample", text="What did they do next?",
        author=COACH, role="coach", written_utc_ns=school.clock.utc_ns() + 1,
    )  # fmt: skip
    assert school.stores.lessons.add_reply(made)


def show_clip(school: Any) -> None:
    """A clip that is ready and shown to a coach, of a video of four seconds."""
    film, by = made_video(4.0), Actor(name=TEACHER, person=TEACHER, utc_ns=school.clock.utc_ns())
    video = add_video(school.stores.videos, school.files, "sample", film, container="mp4")
    wanted = WantedClip(
        title="Who begins to talk after my question?", start_s=0, end_s=4, shows="both",
        viewers=[COACH], until_utc_ns=by.utc_ns + 30 * 86_400 * SECOND_NS,
    )  # fmt: skip
    keeper = ClipKeeper(store=school.stores.clips, files=school.files)
    clip = keeper.begin(video, wanted, by, wording="as agreed")
    sink = school.files.sink(clip.file)
    sink.write(film)
    sink.close()
    school.stores.clips.settle(clip, state="ready", size=len(film))


def watch_clip(page: Any) -> None:
    page.reload()
    page.locator(".clip h3 a").first.click()
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")


def choose_a_clip_s_viewers(page: Any) -> None:
    page.reload()
    page.wait_for_selector(".clip")
    page.locator("[name=start]").fill("0:10")
    page.locator("[name=end]").fill("9:10")
    page.locator("#title").fill("Too long a part")
    page.locator("[name=person]").first.check()
    page.locator("[name=consent]").check()
    page.locator("form .main").click()
    page.wait_for_selector(".trouble")


def show_clips_in_cohorts(school: Any) -> None:
    """Of a colleague; the teacher has one that they could show."""
    begin_cohorts(school)
    show_clip(school)


def lead_cohort(page: Any) -> None:
    open_cohort("Open questions")(page)
    page.locator("details.clip.change > summary").click()


def invite(page: Any) -> None:
    page.reload()
    page.locator("a[href*='guest=']").first.click()
    page.wait_for_selector("#guest")


def choose_nobody(page: Any) -> None:
    """A form without the person whom it is for, as from a browser that asks for nothing."""
    page.reload()
    page.locator("form select[name=coach]").evaluate("element => { element.required = false; }")
    page.locator("form button.main").click()
    page.wait_for_selector(".trouble")


def look_again(page: Any) -> None:
    page.reload()
    page.wait_for_selector(".inbox")


PICTURES = os.environ.get("ROOMTONE_PICTURES", "")

STATES = (
    State("lesson", *LESSON),
    State("lesson with a video", *LESSON, with_film=True),
    State("a suggestion", *LESSON, step=choose("sample-alert-1")),
    State("someone's moment", *LESSON, step=choose("sample-b")),
    State("more suggestions", *LESSON, step=click(".further summary")),
    State("a new moment", *LESSON, step=click("#mark")),
    State("a new note with tags", *LESSON, step=write_with_tags),
    State("a reply", *LESSON, step=reply),
    State("a note that somebody has changed", *LESSON, step=be_late),
    State("a note that waits", *LESSON, step=write_offline),
    State("a share that has ended", *LESSON, step=lose_the_share),
    State("a visit", "/lessons/sample/visit", "#visit:not([hidden])", step=visit),
    State("a note's own page", "/lessons/sample/moments/sample-b/edit"),
    State("the video's tab", *LESSON, step=click("#tab-video"), with_film=True),
    State("a dismissed suggestion", *LESSON, step=dismiss),
    State("the next step", *LESSON, step=next_step),
    State("the next step's own page", "/lessons/sample/step"),
    State("the next step's measure", *LESSON, step=measure),
    State("a cycle", "/cycle", step=begin_cycle),
    State("no cycle yet", "/cycle"),
    State("caseload", "/caseload"),
    State("a guess", *LESSON, step=guess),
    State("a guess compared", *LESSON, step=compare),
    State("a guess on its own page", "/lessons/sample/guess"),
    State("reflection", "/lessons/sample/reflection"),
    State("a plan on the lesson page", *LESSON, prepare=be_planned),
    State("a plan", "/lessons/sample/plan", prepare=be_planned),
    State("no plan yet", "/lessons/sample/plan"),
    State("standards", "/lessons/sample/plan/standards?wanted=add"),
    State("forms", "/lessons/sample/forms"),
    State(
        "a form over time",
        "/lessons/sample/forms/routines-walkthrough",
        step=look_over_time,
        is_shared=True,
        prepare=be_compared_in_a_cycle,
    ),
    State("a form", "/lessons/sample/forms/talk-rubric", step=fill_form),
    State(
        "a form beside its video",
        "/lessons/sample/forms/talk-rubric",
        step=fill_form,
        with_film=True,
    ),
    State(
        "a form compared",
        "/lessons/sample/forms/routines-walkthrough",
        step=compare_forms,
        is_shared=True,
        prepare=be_compared_with,
    ),
    State("taking it along", "/lessons/sample/take"),
    State("short questions", "/pulse"),
    State("imported lessons", "/imported"),
    State("an imported lesson", "/imported", step=read_back),
    State("a file that is refused", "/imported", step=read_another_file),
    State("who may be filmed", *LESSON, step=choose_file),
    State("a video that is refused", *LESSON, step=be_refused),
    State("deleting the video", *LESSON, step=ask_to_delete, with_film=True),
    State("lining up by moments", *LESSON, step=open_line_up, with_film=True),
    State("zoomed", *LESSON, step=zoom),
    State("a zone's cell", *LESSON, step=lambda page: page.locator(".cell").focus()),
    State("a lesson that is shared", *LESSON, is_shared=True),
    State("a debrief together", *LESSON, step=debrief, is_shared=True),
    State("the agenda of a debrief", *LESSON, step=agenda, is_shared=True),
    State("a debrief that is cut off", *LESSON, step=cut_off, is_shared=True),
    State("signed out of a debrief", *LESSON, step=be_signed_out, is_shared=True),
    State("keys", *LESSON, step=click("#help-open")),
    State("table", *LESSON, step=open_table),
    State("how answers are used", *LESSON, step=open_answers),
    State("table's own page", "/lessons/sample/table"),
    State("answers' own page", "/lessons/sample/answers"),
    State("sharing", "/lessons/sample/sharing"),
    State(
        "clips",
        "/lessons/sample/clips",
        is_shared=True,
        prepare=show_clip,
        step=choose_a_clip_s_viewers,
    ),
    State("a clip", "/lessons/sample/clips", is_shared=True, prepare=show_clip, step=watch_clip),
    State("clips of all", "/clips", is_shared=True, prepare=show_clip, step=open_again),
    State("cohorts", "/cohorts", prepare=hand_on, step=open_again),
    State("a cohort", "/cohorts", prepare=begin_cohorts, step=open_cohort("Wait time")),
    State(
        "invited to a cohort", "/cohorts", prepare=begin_cohorts, step=open_cohort("First minutes")
    ),
    State("leading a cohort", "/cohorts", prepare=hand_on, step=lead_cohort),
    State("clips in a cohort", "/cohorts", prepare=show_clips_in_cohorts, step=open_part("clips")),
    State("visits in a cohort", "/cohorts", prepare=begin_cohorts, step=open_part("visits")),
    State(
        "asked to lead a cohort", "/cohorts", prepare=ask_to_lead, step=open_cohort("Calm starts")
    ),
    State("in common in a cohort", "/cohorts", prepare=count_spans, step=open_part("pattern")),
    State("cohorts at the start", "/", prepare=begin_cohorts, step=open_again),
    State("no colleagues yet", "/colleagues"),
    State("colleagues", "/colleagues", prepare=show_colleagues, step=open_again),
    State("inviting a guest", "/colleagues", prepare=show_colleagues, step=invite),
    State("handing over", "/cycle/hand-over", prepare=begin_handing_over, step=open_again),
    State(
        "handing over to nobody",
        "/cycle/hand-over",
        prepare=begin_handing_over,
        step=choose_nobody,
    ),
    State("rows of seats", "/lessons/sample/seat-rows"),
    State("lessons", "/"),
    State("something new", "/", step=look_again, is_shared=True, prepare=be_answered),
    State("lessons found", "/?q=nothing+like+it"),
    State("live", "/rooms/room-204/live", "body[data-updates]"),
    State("live and paused", "/rooms/room-204/live", "body[data-updates]", prepare=be_paused),
    State("model", "/model"),
    State("model of a lesson", "/model?lesson=sample"),
    State("rooms", "/rooms"),
    State("rooms and a kit that was asked", "/rooms", prepare=be_asked, step=look_at_answer),
    State("adding a room", "/rooms/new"),
    State("a room's plan", "/rooms/lab/setup", prepare=describe_lab, step=open_again),
    State("a code", "/rooms/lab/setup", prepare=describe_lab, step=make_code),
    State("people", "/people"),
    State("people found", "/people?q=the&role=teacher"),
    State("nobody found", "/people?q=nobody+at+all"),
    State("programme", "/programme", prepare=run_a_programme, step=open_again),
    State("what it was worth", "/programme/worth", prepare=run_a_programme, step=open_again),
    State("how far coaching reaches", "/programme/coverage", prepare=roll_out, step=open_again),
    State("waves", "/programme/waves", prepare=roll_out, step=open_again),
    State("own time", "/time", prepare=run_a_programme, step=open_again),
    State("what left", "/programme/released", prepare=release_figures, step=open_again),
    State("account", "/account"),
    State("audit", "/audit"),
    State("no such lesson", "/lessons/none"),
)


@contextmanager
def in_state(page: Any, school: Any, film: Any, state: State) -> Iterator[None]:
    """The page in this state, as long as its lesson is shared."""
    with shared(school) if state.is_shared else nullcontext():
        if state.with_film:
            add_film(school, film)
        page.goto(state.address)
        if state.with_film:
            wait_for_film(page)
        page.wait_for_selector(state.ready)
        state.prepare(school)
        state.step(page)
        yield


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name.replace(" ", "-"))
def test_axe_finds_nothing(browser, school, film, state):
    if not AXE.is_file():
        pytest.skip("axe is not here: make setup")
    context = browser.new_context(base_url=school.address, storage_state=school.storage)
    page = context.new_page()
    with in_state(page, school, film, state):
        found = {}
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                if PICTURES:
                    name = f"{state.name}-{width}x{height}-{scheme}.png".replace(" ", "-")
                    page.screenshot(
                        path=Path(PICTURES) / name, animations="disabled", full_page=True
                    )
                if violations := findings(page):
                    found[f"{width} {scheme}"] = violations
    context.close()
    assert found == {}
