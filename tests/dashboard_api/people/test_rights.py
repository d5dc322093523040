"""What each role may do, cell by cell and over HTTP, against a table that is written down here."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from sqlalchemy import delete, insert, select
from starlette.routing import Mount, Route
from starlette.testclient import TestClient, WebSocketDenialResponse

from contract.clock import SECOND_NS, ManualClock
from contract.lesson import Zone
from dashboard_api.app import ROUTERS, create_app
from dashboard_api.web.access import Needs, Public
from dashboard_api.web.store_thread import Stores
from ingest.commissioning.codes import CodeMaker, KitSetUp
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.memory.scores import MemoryScoreStore
from school import School
from school.audit.actor import Actor
from school.clips.records import Clip
from school.clips.tables import clips
from school.debrief.tables import action_steps
from school.ledger.csv_files import WEEK_COLUMNS
from school.lessons.records import Lesson
from school.moments.records import Moment, Reply
from school.moments.tables import deleted_notes
from school.people.records import ROLES, Role
from school.schema import exclusions, lesson_owners
from school.sharing.policy import ACTIONS, POLICY, Action
from school.video.alignment.clock_map import Segment
from school.video.files import VideoFiles, new_name
from school.video.maps import ClockMap, MappedSegment
from school.video.records import Video, consent_hash
from school.video.settings import VideoSettings
from tests.bundles import bundle_file
from tests.dashboard_api.conftest import Pages
from tests.kit_authority import FakeAuthority
from tests.signed_in import BY, add_person, cookie, open_test_school
from tests.videos import add_video

NOW_NS = 1_763_460_300 * SECOND_NS
LESSON_NS = 1_800 * SECOND_NS
Reach = Literal["own", "shared", "asked", "others"]

RIGHTS: dict[Role, dict[Action, set[Reach]]] = {
    "teacher": {
        "read lesson": {"own", "shared"},
        "read notes": {"own", "shared"},
        "write notes": {"own", "shared"},
        "decide step": {"own"},
        "propose cycle": {"shared"},
        "guess": {"own"},
        "reflect": {"own"},
        "write plan": {"own"},
        "fill form": {"own", "shared"},
        "read video": {"own", "shared"},
        "change video": {"own"},
        "line up video": {"own"},
        "read seat rows": {"own"},
        "take record": {"own", "shared"},
        "export lesson": {"own"},
        "share lesson": {"own"},
        "choose labels": {"own"},
        "exclude spans": {"own"},
        "hide lesson": {"own"},
        "delete lesson": {"own"},
        "hand over": {"own"},
        "make clip": {"own"},
        "ask observers": {"own"},
        "code lesson": {"asked"},
        "watch live": {"own"},
        "pause sensing": {"own"},
    },
    "coach": {
        "read lesson": {"shared"},
        "read notes": {"shared"},
        "write notes": {"shared"},
        "propose cycle": {"shared"},
        "fill form": {"shared"},
        "read video": {"shared"},
        "take record": {"shared"},
        "code lesson": {"asked"},
    },
    "technician": {},
    "administrator": {},
    "privacy_officer": {},
}
"""Role → action → the lessons that it is allowed on; nothing else is."""

GENERAL: dict[Role, set[Action]] = {
    "teacher": {
        "read model",
        "take over",
        "import lesson",
        "keep cycle",
        "keep ledger",
        "answer pulse",
        "read pulse",
        "find colleagues",
        "see clip",
        "see cohort",
        "join cohort",
    },
    "coach": {
        "read model",
        "import lesson",
        "read caseload",
        "keep ledger",
        "read pulse",
        "find colleagues",
        "see clip",
        "see cohort",
        "lead cohort",
    },
    "technician": {"read model", "read kits", "set up rooms"},
    "administrator": {
        "read model",
        "read pulse",
        "write deeds",
        "read kits",
        "set up rooms",
        "read counts",
        "run programme",
        "read people",
        "change people",
        "anonymise people",
        "read changes of rights",
    },
    "privacy_officer": {
        "read model",
        "read pulse",
        "read counts",
        "read people",
        "read audit log",
        "read changes of rights",
    },
}
"""Role → what it may do that is about no lesson."""


@dataclass(frozen=True)
class Ask:
    method: str
    path: str
    given: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def of(self, pages: Pages, lesson: str, room: str) -> Any:
        path = self.path.format(lesson=lesson, room=room)
        return pages.request(self.method, path, **dict(self.given))


def ask(method: str, path: str, **given: Any) -> Ask:
    return Ask(method, path, tuple(given.items()))


HEAD = b"\0\0\0\x18ftypisom" + bytes(200)
"""Something that begins like a video."""
CONSENT = base64.b64encode(consent_hash(VideoSettings().consent_text).encode()).decode()


def tus(**metadata: str) -> dict[str, str]:
    return {
        "Tus-Resumable": "1.0.0", "Upload-Length": str(len(HEAD)), "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Metadata": ",".join(f"{key} {value}" for key, value in metadata.items()),
    }  # fmt: skip


WEEKS = ",".join(WEEK_COLUMNS).encode()
MOMENT = "/lessons/{lesson}/moments/{lesson}-m"
ITEM = "/lessons/{lesson}/forms/talk-rubric/items"
STEP = "/lessons/{lesson}/step/{lesson}-s"
ON_LESSONS: dict[Action, list[Ask]] = {
    "read lesson": [
        ask("GET", "/lessons/{lesson}"),
        ask("GET", "/lessons/{lesson}/table"),
        ask("GET", "/lessons/{lesson}/plan"),
        ask("GET", "/lessons/{lesson}/strip.svg"),
        ask("GET", "/lessons/{lesson}/answers"),
        ask("GET", "/api/lessons/{lesson}/answers"),
        ask("GET", "/api/lessons/{lesson}/timeline"),
        ask("GET", "/model?lesson={lesson}"),
        ask("GET", "/api/model?lesson={lesson}"),
    ],
    "read notes": [
        ask("GET", "/api/lessons/{lesson}/moments"),
        ask("GET", "/lessons/{lesson}/moments"),
        ask("GET", "/lessons/{lesson}/step"),
        ask("GET", f"{STEP}/measure"),
        ask("GET", "/lessons/{lesson}/guess"),
    ],
    "write notes": [
        ask("POST", "/api/lessons/{lesson}/moments", json={"start_s": 1}),
        ask("POST", "/lessons/{lesson}/moments", data={"start_s": "1"}),
        ask("PUT", f"/api{MOMENT}", json={"note": "new", "revision": 1}),
        ask("GET", f"{MOMENT}/edit"),
        ask("POST", f"{MOMENT}/edit", data={"note": "new", "revision": "2"}),
        ask("POST", f"/api{MOMENT}/replies", json={"text": "why"}),
        ask("POST", f"{MOMENT}/replies", data={"text": "why"}),
        ask("DELETE", f"/api{MOMENT}/replies/{{lesson}}-r"),
        ask("POST", f"{MOMENT}/replies/{{lesson}}-r2/delete"),
        ask("PUT", f"/api{MOMENT}/verdict", json={"verdict": "confirmed"}),
        ask("POST", f"{MOMENT}/verdict", data={"verdict": "confirmed"}),
        ask("DELETE", f"/api{MOMENT}/verdict"),
        ask("POST", f"{MOMENT}/delete"),
        ask("GET", "/lessons/{lesson}/visit"),
        ask("GET", "/lessons/{lesson}/visit/clock"),
        ask("DELETE", f"/api{MOMENT}2"),
        ask("POST", f"{STEP}/remove"),
        ask("POST", "/lessons/{lesson}/step", data={"what": "Begin earlier"}),
    ],
    "decide step": [
        ask("POST", f"{STEP}/accept", data={"revision": "1"}),
        ask("POST", f"{STEP}/went", data={"went": "done"}),
    ],
    "propose cycle": [
        ask("GET", "/lessons/{lesson}/cycle"),
        ask("POST", "/lessons/{lesson}/cycle", data={"focus": "Calm changes"}),
        ask("POST", "/lessons/{lesson}/cycle/withdraw"),
    ],
    "reflect": [
        ask("GET", "/lessons/{lesson}/reflection"),
        ask("POST", "/lessons/{lesson}/reflection/remove"),
        ask("PUT", "/lessons/{lesson}/reflection", json={"keep": "the start", "revision": 0}),
        ask("POST", "/lessons/{lesson}/reflection", data={"keep": "the end", "revision": "1"}),
    ],
    "write plan": [
        ask("POST", "/lessons/{lesson}/plan", data={"text": "10 Warm-up", "revision": "0"}),
        ask("POST", "/lessons/{lesson}/plan/phases/0", data={"revision": "1", "says": "never"}),
        ask("POST", "/lessons/{lesson}/plan/remove"),
        ask("GET", "/lessons/{lesson}/plan/standards?wanted=add"),
    ],
    "fill form": [
        ask("GET", "/lessons/{lesson}/forms"),
        ask("GET", "/lessons/{lesson}/forms/talk-rubric"),
        ask("PUT", f"{ITEM}/who-talks", json={"choice": "many", "revision": 0}),
        ask("POST", f"{ITEM}/who-talks", data={"words": "at 12:30", "revision": "1"}),
        ask("GET", "/lessons/{lesson}/forms/talk-rubric/over-time"),
        ask("POST", "/lessons/{lesson}/forms/talk-rubric/done"),
        ask("POST", "/lessons/{lesson}/forms/talk-rubric/remove"),
    ],
    "guess": [
        ask("POST", "/lessons/{lesson}/guess/begin", data={"is_on": "false"}),
        ask("POST", "/lessons/{lesson}/guess/shown", data={"is_on": "true"}),
        ask("POST", "/lessons/{lesson}/guess/remove"),
        ask("POST", "/lessons/{lesson}/guess", data={"settling": "4:00"}),
    ],
    "read video": [
        ask("GET", "/lessons/{lesson}/video"),
        ask("GET", "/api/lessons/{lesson}/clock-map"),
        ask("HEAD", "/lessons/{lesson}/video"),
    ],
    "change video": [
        ask("GET", "/api/lessons/{lesson}/video"),
        ask("OPTIONS", "/api/lessons/{lesson}/video/uploads"),
        ask("POST", "/api/lessons/{lesson}/video/uploads", headers=tus(consent=CONSENT)),
        ask("HEAD", "/api/lessons/{lesson}/video/uploads/{lesson}-v", headers=tus()),
        ask("PATCH", "/api/lessons/{lesson}/video/uploads/{lesson}-v", headers=tus(), content=HEAD),
        ask("DELETE", "/api/lessons/{lesson}/video/uploads/{lesson}-v", headers=tus()),
        ask("DELETE", "/api/lessons/{lesson}/video"),
    ],
    "line up video": [
        ask("PUT", "/api/lessons/{lesson}/clock-map", json={"offset_s": 1}),
        ask("POST", "/api/lessons/{lesson}/clock-map/1", json={"is_right": True}),
    ],
    "read seat rows": [
        ask("GET", "/lessons/{lesson}/seat-rows"),
        ask("POST", "/lessons/{lesson}/seat-rows", data={"is_on": "true"}),
        ask("GET", "/lessons/{lesson}/seat-rows?number=2"),
    ],
    "take record": [
        ask("GET", "/lessons/{lesson}/take"),
        ask("GET", "/lessons/{lesson}/record.pdf"),
        ask("GET", "/lessons/{lesson}/next-visit.ics"),
        ask("GET", "/lessons/{lesson}/lesson.json"),
        ask("GET", "/lessons/{lesson}/notes.csv"),
        ask("GET", "/lessons/{lesson}/chapters.vtt"),
        ask("GET", "/lessons/{lesson}/moments.vtt"),
    ],
    "export lesson": [ask("GET", "/lessons/{lesson}/table.csv")],
    "share lesson": [
        ask("GET", "/lessons/{lesson}/sharing"),
        ask("POST", "/lessons/{lesson}/sharing",
            data={"person": "someone", "until": "2025-11-20"}),
        ask("POST", "/lessons/{lesson}/sharing/someone/end"),
    ],
    "choose labels": [
        ask("PUT", "/api/lessons/{lesson}/answers", json={"is_kept": True}),
        ask("POST", "/lessons/{lesson}/answers", data={"is_kept": "false"}),
    ],
    "exclude spans": [
        ask("POST", "/lessons/{lesson}/exclusions",
            data={"start": "40:00", "end": "41:00", "reason": "fire_drill"}),
        ask("POST", "/lessons/{lesson}/exclusions/e/end"),
    ],
    "hide lesson": [
        ask("POST", "/lessons/{lesson}/hide"),
        ask("POST", "/lessons/{lesson}/unhide"),
    ],
    "hand over": [
        ask("POST", "/lessons/{lesson}/offer", data={"person": "teaching"}),
        ask("POST", "/lessons/{lesson}/offer/end"),
    ],
    "delete lesson": [
        ask("GET", "/lessons/{lesson}/delete"),
        ask("POST", "/lessons/{lesson}/delete"),
    ],
    "make clip": [
        ask("GET", "/lessons/{lesson}/clips"),
        ask("POST", "/lessons/{lesson}/clips",
            data={"title": "Secret question", "start": "0:05", "end": "0:10", "person": "someone",
                  "until": "2025-11-20", "consent": "yes"}),
        ask("POST", "/lessons/{lesson}/clips/{lesson}-c/viewers/someone/end"),
        ask("POST", "/lessons/{lesson}/clips/{lesson}-c/delete"),
    ],
    "ask observers": [
        ask("GET", "/lessons/{lesson}/observers"),
        ask("POST", "/lessons/{lesson}/observers", data={"person": "someone"}),
        ask("POST", "/lessons/{lesson}/observers/someone/end"),
    ],
    "code lesson": [
        ask("GET", "/lessons/{lesson}/coding"),
        ask("GET", "/lessons/{lesson}/coding/clock"),
        ask("POST", "/lessons/{lesson}/coding", data={"start_s": "60", "answer": "few"}),
        ask("POST", "/lessons/{lesson}/looks", json={"looks": []}),
    ],
    "pause sensing": [
        ask("POST", "/rooms/{room}/live/pause", data={"lesson": "x", "is_on": "true"}),
    ],
    "watch live": [
        ask("GET", "/rooms/{room}/live"),
        ask("GET", "/api/rooms/{room}/live"),
    ],
}  # fmt: skip
IN_GENERAL: dict[Action, list[Ask]] = {
    "keep cycle": [
        ask("GET", "/cycle"),
        ask("GET", "/cycle/hand-over"),
        ask("POST", "/cycle/hand-over/take-back", data={"step": "never-was", "coach": "someone"}),
        ask("POST", "/cycle", data={"focus": "Calm changes"}),
        *(
            ask("POST", f"/cycle/{what}", data={"cycle": "never-was"})
            for what in ("talked", "close", "accept", "remove")
        ),
        ask("POST", "/cycle/lesson", data={"cycle": "never-was", "lesson": "own-teacher"}),
    ],
    "keep ledger": [
        ask("GET", "/time"),
        ask("GET", "/time.csv"),
        ask("POST", "/time", data={"monday": "2025-11-17", "visiting": "45"}),
        ask("POST", "/time/remove", data={"monday": "2025-11-17"}),
        ask("POST", "/time/file", files={"file": ("time.csv", WEEKS)}),
    ],
    "read caseload": [ask("GET", "/caseload")],
    "answer pulse": [
        ask("POST", "/pulse/answer", data={"kind": "week", "question": "could-use", "step": "1"}),
        ask("POST", "/pulse/switch", data={"is_on": "true"}),
        ask("POST", "/pulse/words", data={"reader": "someone", "text": "more time"}),
    ],
    "read pulse": [ask("GET", "/pulse"), ask("POST", "/pulse/words/remove", data={"words": "x"})],
    "find colleagues": [
        ask("GET", "/colleagues"),
        ask("POST", "/colleagues", data={"kind": "needs", "topic": "changes", "audience": "coach"}),
    ],
    "write deeds": [
        ask("POST", "/pulse/deeds", data={"day": "2025-11-18", "said": "more", "did": "some"}),
        ask("POST", "/pulse/deeds/remove", data={"deed": "never-was"}),
    ],
    "see clip": [ask("GET", "/clips")],
    "see cohort": [ask("GET", "/cohorts")],
    "lead cohort": [ask("POST", "/cohorts", data={"title": "Wait time", "focus": "Think first"})],
    "read model": [ask("GET", "/model"), ask("GET", "/api/model")],
    "read kits": [ask("GET", "/rooms")],
    "set up rooms": [
        ask("GET", "/rooms/new"),
        ask("POST", "/rooms/new", data={"name": "room-77", "seats": "8"}),
        ask("GET", "/rooms/room-77/setup"),
        ask("POST", "/rooms/room-77/setup", data={"plan": "1 2 3 4 5 6 7 8", "by_plan": "1"}),
        ask("POST", "/rooms/room-77/setup/kits", data={"node": "room-77-kit", "hubs": "a: 1-8"}),
        ask("POST", "/rooms/room-77/kits/room-77-kit/command", data={"command": "identify"}),
        ask("POST", "/rooms/room-77/setup/kits/room-77-kit/code"),
        ask("GET", "/rooms/room-77/setup/kits/room-77-kit/state"),
        ask("POST", "/rooms/room-77/setup/kits/room-77-kit/revoke"),
        ask("POST", "/rooms/room-77/setup/kits/room-77-kit/remove"),
        ask("POST", "/rooms/room-77/setup/remove"),
    ],
    "read counts": [
        ask("GET", "/api/counts"),
        ask("GET", "/programme"),
        ask("GET", "/programme/worth"),
        ask("GET", "/programme/worth.csv"),
        ask("GET", "/programme/hours-and-gain.csv"),
        ask("GET", "/programme/released"),
        ask("GET", "/programme/coverage"),
        ask("GET", "/programme/coverage.csv"),
        ask("GET", "/programme/waves"),
        ask("GET", "/programme/waves.csv"),
    ],
    "run programme": [
        ask("POST", "/programme/groups", data={"title": "North"}),
        ask("POST", "/programme/groups/north", data={"title": "The north"}),
        ask("POST", "/programme/groups/north/remove"),
        ask("POST", "/programme/waves", data={"title": "W", "starts_on": "2026-01-05"}),
        ask("POST", "/programme/waves/w", data={"title": "V", "starts_on": "2026-01-05"}),
        ask("POST", "/programme/waves/w/remove"),
        ask("POST", "/programme/costs", data={"kit_cost": "300"}),
        ask("POST", "/programme/outcomes/remove"),
    ],
    "take over": [ask("GET", "/cover")],
    "import lesson": [
        ask("GET", "/imported"),
        ask("POST", "/imported", files={"file": ("lesson.json", bundle_file())}),
    ],
    "read people": [ask("GET", "/people")],
    "read changes of rights": [ask("GET", "/audit"), ask("GET", "/audit?before=9")],
    "change people": [
        ask("POST", "/people", data={"name": "N", "sign_in_name": "{}", "roles": "coach"}),
        ask("POST", "/people/someone/roles", data={"roles": "coach"}),
        ask("POST", "/people/someone/invitation"),
        ask("POST", "/people/someone/identities/i/remove"),
        ask("POST", "/people/teaching/school", data={"site": ""}),
        ask("POST", "/people/teaching/names", data={"teacher": "Mx Nobody"}),
    ],
    "anonymise people": [
        ask("GET", "/people/leaver/leaving"),
        ask("POST", "/people/leaver/leaving", data={}),
    ],
}
ELSEWHERE = {
    "/cycle/hand-over": "a pack needs something to hand over; matching/test_hand_over.py",
    "/programme/outcomes": "a file about schools that there are; programme/test_ledger.py",
    "/programme/worth/count": "weeks of ten people; programme/test_ledger.py has its cells",
    "/programme/coverage/count": "a month of ten teachers; programme/test_coverage.py has its cells",
    "/lessons/{lesson_id}/moments/{moment_id}": "asked as moments/…-m above",
    "/rooms/{room}/live/events": "an endless answer; test_live_access.py asks it",
    "/": "about oneself; home/test_home.py", "/api/lessons": "home/test_home.py",
    "/lessons/{lesson_id}/take-over": "changes whose it is; test_handover.py has its cells",
    "/offers/{lesson_id}/accept": "about oneself; test_handover.py",
    "/offers/{lesson_id}/decline": "about oneself; test_handover.py",
    "/hidden-lessons": "one's own alone; test_own_lessons.py",
    "/inbox/mail": "about oneself; inbox/test_inbox.py",
    "/notices/{notice_id}/read": "about oneself; test_own_lessons.py",
    "/imported/{imported_id}": "one's own alone; record/test_imported.py",
    "/imported/{imported_id}/lesson.json": "one's own alone; record/test_imported.py",
    "/imported/{imported_id}/delete": "one's own alone; record/test_imported.py",
    "/clips/{clip_id}": "one's own and those shown to oneself; cohorts/test_clips.py",
    "/clips/{clip_id}/video": "one's own and those shown to oneself; cohorts/test_clips.py",
    **dict.fromkeys(
        (
            "/cohorts/{cohort_id}",
            *(f"/cohorts/{{cohort_id}}/{what}" for what in ("join", "leave", "invite", "tasks", "end")),
            "/cohorts/{cohort_id}/members/{person_id}/end",
            "/cohorts/{cohort_id}/tasks/{task_id}/answer",
            "/cohorts/{cohort_id}/tasks/{task_id}/remove",
            "/cohorts/{cohort_id}/tasks/{task_id}/change",
            "/cohorts/{cohort_id}/tasks/{task_id}/end",
        ),
        "those one leads, is in or is invited to; cohorts/test_cohorts.py",
    ),
    **dict.fromkeys(
        (
            *(f"/cohorts/{{cohort_id}}/lead/{what}" for what in ("offer", "unoffer", "accept", "decline")),
            "/cohorts/{cohort_id}/clips",
            "/cohorts/{cohort_id}/pattern",
            "/cohorts/{cohort_id}/clips/{clip_id}/end",
            "/cohorts/{cohort_id}/clips/{clip_id}/replies",
            "/cohorts/{cohort_id}/tasks/{task_id}/answers/{person_id}/replies",
            "/cohorts/{cohort_id}/replies/{reply_id}/remove",
        ),
        "those one leads or is in; cohorts/test_cohort_talk.py",
    ),
    **dict.fromkeys(
        (
            "/cohorts/{cohort_id}/visits",
            *(f"/cohorts/{{cohort_id}}/visits/{{visits_id}}/{what}" for what in ("agree", "host", "end")),
        ),
        "those one is in, with another member; cohorts/test_cohort_visits.py",
    ),
    "/observing": "about oneself; observing/test_sheet.py",
    "/observing/looks.csv": "about oneself; observing/test_sheet.py",
    "/lessons/{lesson_id}/looks/withdraw": "about oneself; observing/test_sheet.py",
    "/account": "about oneself", "/account/password": "about oneself",
    "/account/sessions/{session_id}/end": "about oneself",
    "/account/second-factor": "about oneself", "/account/language": "about oneself",
    "/account/export": "about oneself; data_subjects/test_export.py",
    "/account/tokens": "about oneself", "/account/tokens/{token_id}/revoke": "about oneself",
    "/account/calendar": "about oneself; test_calendar.py",
    "/account/identities/{identity}/remove": "about oneself; test_openid.py",
    "/account/platforms/{account}/remove": "about oneself; lti/test_launch.py",
    "/lti/link": "about oneself; lti/test_launch.py",
    "/lti/choose": "one's own alone; lti/test_choosing.py",
}  # fmt: skip


SOCKETS: dict[str, Action] = {"/lessons/{lesson_id}/together": "read lesson"}
"""Each WebSocket, and what it needs."""


class Rights:
    """A school with a person for each role, who has an own, a shared and another's lesson."""

    def __init__(self, folder: Path) -> None:
        self.school = open_test_school(folder)
        self.settings = VideoSettings(
            directory=folder / "videos", key_directory=folder / "keys", reserve_gb=0
        )
        files = VideoFiles.of(self.settings)
        assert files is not None
        self.files = files
        self.files.prepare(NOW_NS)
        self.clock = ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS)
        add_person(self.school.people, "someone", "coach")
        add_person(self.school.people, "teaching", "teacher")
        add_person(self.school.people, "leaver", "teacher")
        self.school.sharing.tie_name("teaching", "teaching", BY)
        for role in ROLES:
            person = f"only-{role}"
            add_person(self.school.people, person, role)
            self.school.sharing.tie_name(person, person, BY)
            for reach in get_args(Reach):
                self._add_lesson(role, reach)
        self.stores = Stores.of_school(
            self.school, periods=MemoryPeriodStore(), scores=MemoryScoreStore()
        )
        self.pages: Pages
        """A browser in which nobody is signed in."""
        self.app = create_app(
            lambda: self.stores, clock=self.clock, video=self.settings,
            kits=KitSetUp(codes=CodeMaker(FakeAuthority(), broker="server")),
        )  # fmt: skip

    def cookie(self, role: Role) -> dict[str, str]:
        return cookie(self.school.people, NOW_NS, f"only-{role}")

    def _add_lesson(self, role: Role, reach: Reach) -> None:
        school: School = self.school
        name = f"{reach}-{role}"
        teachers = {"own": f"only-{role}", "asked": "teaching", "shared": "teaching"}
        school.lessons.put(
            Lesson(
                id=name, room=name, teacher=teachers.get(reach, "someone else"), title=f"Secret of {name}",
                starts_utc_ns=NOW_NS - LESSON_NS, ends_utc_ns=NOW_NS + LESSON_NS,
                source="timetable",
                zones=(Zone(name="door", seats=(1, 2, 3, 4, 5)),),
            )
        )  # fmt: skip
        add_video(school.videos, self.files, name, HEAD)
        segment = MappedSegment(Segment(0.0, 60.0, -3.0), 0.3)
        school.clock_maps.add(
            ClockMap(
                lesson=name, method="levels", state="proposed", segments=(segment,), made_utc_ns=1
            )
        )
        if reach == "shared":
            school.sharing.share(name, f"only-{role}", BY, until_utc_ns=NOW_NS + 1)
        if reach == "asked":
            by = Actor(name="teaching", utc_ns=NOW_NS, person="teaching")
            school.sharing.observers.ask(name, f"only-{role}", by)


@pytest.fixture(scope="module")
def rights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rights]:
    made = Rights(tmp_path_factory.mktemp("rights"))
    with Pages(made.app) as made.pages:
        yield made


@pytest.fixture
def as_role(rights: Rights, role: Role) -> Iterator[Pages]:
    """A browser in which somebody is signed in who has this role alone."""
    with rights.pages.browser(rights.cookie(role)) as pages:
        yield pages


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("reach", get_args(Reach))
@pytest.mark.parametrize("action", ON_LESSONS)
def test_of_a_lesson(
    rights: Rights, as_role: Pages, role: Role, action: Action, reach: Reach
) -> None:
    is_allowed = reach in RIGHTS[role].get(action, set())
    name = f"{reach}-{role}"
    add_moments(rights, name, by=f"only-{role}")
    for each in ON_LESSONS[action]:
        prepare_video(rights, name, each)
        answer = each.of(as_role, name, name)
        if is_allowed:
            assert answer.status_code < 400, (each, answer.text)
            continue
        assert answer.status_code == 404, each
        assert "Secret" not in answer.text
        missing = each.of(as_role, "never-was", "never-was")
        assert (missing.status_code, missing.text) == (404, answer.text)
        assert set(missing.headers) == set(answer.headers)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("reach", get_args(Reach))
@pytest.mark.parametrize("path", SOCKETS)
def test_the_sockets_of_a_lesson(rights: Rights, role: Role, reach: Reach, path: str) -> None:
    here = "127.0.0.1:8000"
    browser = TestClient(
        rights.app, f"http://{here}", cookies=rights.cookie(role), client=("127.0.0.1", 50_000),
        headers={"Origin": f"http://{here}"},
    )  # fmt: skip
    address = f"ws://{here}{path}".replace("{lesson_id}", f"{reach}-{role}")
    if reach in RIGHTS[role].get(SOCKETS[path], set()):
        with browser.websocket_connect(address) as socket:
            join = {"type": "join", "client": "0" * 16, "person": f"only-{role}"}
            socket.send_json(join)
            assert socket.receive_json()["type"] == "welcome"
        return
    answers = []
    for each in (address, address.replace(f"{reach}-{role}", "never-was")):
        with pytest.raises(WebSocketDenialResponse) as refused, browser.websocket_connect(each):
            pass
        answers.append((refused.value.status_code, refused.value.text))
    assert answers[0][0] == 404
    assert answers[0] == answers[1]
    assert "Secret" not in answers[0][1]


def prepare_video(rights: Rights, lesson: str, each: Ask) -> None:
    """An upload that has just begun, or a video that is ready, as the request needs it."""
    if "/clips" in each.path:
        prepare_clip(rights, lesson)
    if "video" not in each.path and "/clips" not in each.path:
        return
    store = rights.school.videos
    by = Actor(name="a test", utc_ns=NOW_NS)
    for video in store.of_lesson(lesson):
        store.remove(video, by, "by_hand")
    if "-v" not in each.path:
        if each.method in {"GET", "HEAD"} or "/clips" in each.path:
            add_video(store, rights.files, lesson, HEAD)
        return
    upload = Video(
        id=f"{lesson}-v", lesson=lesson, state="uploading", file=new_name(), size=len(HEAD),
        added_by="", created_utc_ns=NOW_NS, changed_utc_ns=NOW_NS,
    )  # fmt: skip
    assert store.begin(upload, by)
    rights.files.begin(upload.file)


def prepare_clip(rights: Rights, lesson: str) -> None:
    """A clip of a lesson of which nothing is left out, and which its owner shows to someone."""
    with rights.school.sharing.steps._database.writing() as connection:
        connection.execute(delete(clips))
        connection.execute(delete(exclusions).where(exclusions.c.lesson == lesson))
        owner = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
        person = connection.scalar(owner)
    if person is None:
        return
    clip = Clip(
        id=f"{lesson}-c", lesson=lesson, person=person, title="Secret clip", video="v", start_s=1,
        end_s=2, shows="both", file=new_name(), consent="c" * 32,
        until_utc_ns=NOW_NS + LESSON_NS, created_utc_ns=NOW_NS,
    )  # fmt: skip
    rights.school.clips.add(clip, ["someone"], Actor(name=person, utc_ns=NOW_NS, person=person))


def add_moments(rights: Rights, lesson: str, *, by: str) -> None:
    """Also those that a test before deleted, whose ids are remembered."""
    with rights.school.sharing.steps._database.writing() as connection:
        connection.execute(delete(deleted_notes).where(deleted_notes.c.lesson == lesson))
    for name in ("m", "m2"):
        rights.school.lessons.put_moment(
            Moment(
                id=f"{lesson}-{name}",
                lesson=lesson,
                start_s=1,
                end_s=2,
                note="",
                author=by,
                role="coach",
            )
        )
    for name in ("r", "r2"):
        rights.school.lessons.add_reply(
            Reply(
                id=f"{lesson}-{name}", lesson=lesson, moment=f"{lesson}-m", author=by,
                role="coach", text="so", written_utc_ns=NOW_NS,
            )
        )  # fmt: skip
    add_step(rights, lesson, by=by)


def add_step(rights: Rights, lesson: str, *, by: str) -> None:
    """Somebody has proposed one to its teacher, who has none."""
    step = {
        "id": f"{lesson}-s", "lesson": lesson, "state": "proposed", "what": "Begin later",
        "when_words": "", "part": "", "shows": "unseen", "shows_zone": "", "shows_minutes": None,
        "shows_words": "", "moment": "", "author": by, "changed_by": by, "revision": 1,
        "written_utc_ns": 1, "changed_utc_ns": 1, "went": "", "went_words": "", "went_lesson": None,
    }  # fmt: skip
    owner = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
    with rights.school.sharing.steps._database.writing() as connection:
        connection.execute(delete(action_steps))
        if (person := connection.scalar(owner)) is not None:
            connection.execute(insert(action_steps), {**step, "person": person})


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", IN_GENERAL)
def test_of_no_lesson(as_role: Pages, role: Role, action: Action) -> None:
    for each in IN_GENERAL[action]:
        answer = each.of(as_role, "", "")
        if action in GENERAL[role]:
            assert answer.status_code < 400, (each, answer.text)
        else:
            assert answer.status_code == 404, each
            assert answer.json()["detail"] == "There is no such page."


@pytest.mark.parametrize("each", [ask for asks in (*ON_LESSONS.values(), *IN_GENERAL.values())
                                  for ask in asks], ids=str)  # fmt: skip
def test_nobody_may_do_any_of_it_without_signing_in(rights: Rights, each: Ask) -> None:
    with rights.pages.browser() as pages:
        answer = each.of(pages, "own-teacher", "own-teacher")
        missing = each.of(pages, "never-was", "never-was")
    assert answer.status_code == missing.status_code == 401
    assert answer.text == missing.text
    assert "Secret" not in answer.text


def audit_pages(pages: Pages) -> Iterator[str]:
    address: str | None = "/audit"
    while address is not None:
        yield (page := pages.get(address).text)
        older = re.search(r"/audit\?before=\d+", page)
        address = None if older is None else older[0]


def test_an_administrator_reads_only_the_changes_of_rights(rights: Rights) -> None:
    with rights.pages.browser(rights.cookie("teacher")) as teacher:
        teacher.get("/lessons/own-teacher")
    read = {}
    for role in ("administrator", "privacy_officer"):
        with rights.pages.browser(rights.cookie(role)) as pages:
            # A look is recorded once in ten minutes, maybe by a test before.
            read[role] = "".join(audit_pages(pages))
    assert "looked at lesson own-teacher" in read["privacy_officer"]
    assert "changed the rights of" in read["administrator"]
    assert "own-teacher" not in read["administrator"]
    assert "signed in" not in read["administrator"]


def test_the_program_has_the_same_table() -> None:
    for role in ROLES:
        allowed = {
            action: {"others" if reach == "any" else reach for reach in reached}
            for action, reached in POLICY[role].items()
            if action in ON_LESSONS
        }
        assert allowed == RIGHTS[role]
        in_general = {action for action in POLICY[role] if action not in ON_LESSONS}
        assert in_general == GENERAL[role]
    # Whoever joins has been invited: cohorts/test_cohorts.py asks it.
    elsewhere = {"read audit log", "join cohort"}
    assert {*ON_LESSONS, *IN_GENERAL, *elsewhere} == set(ACTIONS)


def policies(dependant: Dependant) -> list[Needs | Public]:
    found = [dependant.call] if isinstance(dependant.call, Needs | Public) else []
    return [*found, *(each for sub in dependant.dependencies for each in policies(sub))]


def test_every_route_has_one_policy_and_a_test(rights: Rights) -> None:
    asked = {
        re.sub(r"\{lesson\}-[cmrs]2?", "{}", each.path.partition("?")[0])
        for asks in (*ON_LESSONS.values(), *IN_GENERAL.values())
        for each in asks
    }
    others = [route for route in rights.app.routes if isinstance(route, Mount | Route)]
    assert {route.path.partition("/static")[0] for route in others} == {"", "/openapi.json"}
    assert len(rights.app.routes) == len(others) + len(ROUTERS), "a router is not in ROUTERS"
    for route in (route for router in ROUTERS for route in router.routes):
        assert isinstance(route, APIRoute | APIWebSocketRoute), route
        found = policies(route.dependant)
        assert len(found) == 1, f"{route.path} needs one policy, and has {found}"
        if isinstance(route, APIWebSocketRoute):
            assert route.path in SOCKETS, f"{route.path} needs a test"
            continue
        if isinstance(found[0], Needs) and route.path not in ELSEWHERE:
            shape = (
                route.path.replace("{lesson_id}", "{lesson}")
                .replace("{moment_id}", "{}")
                .replace("{reply_id}", "{}")
                .replace("{step_id}", "{}")
                .replace("{version}", "1")
                .replace("{place}", "0")
                .replace("{form_id}", "talk-rubric")
                .replace("{item_id}", "who-talks")
                .replace("{person_id}", "someone")
                .replace("{exclusion_id}", "e")
                .replace("{identity}", "i")
                .replace("{group}", "north")
                .replace("{wave}", "w")
                .replace("{video_id}", "{lesson}-v")
                .replace("{clip_id}", "{}")
            )
            shapes = {shape.replace("someone", name) for name in ("someone", "teaching", "leaver")}
            shapes.add(shape.replace("{room}", "room-77").replace("{node}", "room-77-kit"))
            assert shapes & asked, route.path


FOR_PROGRAMS = ("/api/", "/lessons/{lesson}/video")
"""What a token opens, as far as its role does; every other address is a page for people."""
PAGES = [
    *(each for asks in (*ON_LESSONS.values(), *IN_GENERAL.values()) for each in asks
      if not each.path.startswith(FOR_PROGRAMS)),
    ask("GET", "/"), ask("GET", "/account"), ask("POST", "/account/password", data={"new": "x"}),
    ask("POST", "/account/sessions/x/end"), ask("POST", "/account/second-factor"),
    ask("POST", "/account/tokens", data={"name": "n", "role": "teacher", "until": "2025-11-20"}),
    ask("POST", "/account/tokens/x/revoke"), ask("POST", "/account/export"), ask("POST", "/account/calendar"),
    ask("POST", "/lti/link"), ask("GET", "/lti/choose"), ask("POST", "/account/platforms/x/remove"),
]  # fmt: skip


@pytest.fixture
def as_program(rights: Rights, role: Role) -> Iterator[Pages]:
    """A program with a token of somebody who has this role."""
    people = rights.school.people
    owner = people.person(f"only-{role}")
    assert owner is not None
    by = Actor(name="a test", utc_ns=NOW_NS)
    for old in people.tokens.of_person(owner.id):
        people.tokens.revoke(owner.id, old.id, by)
    until = NOW_NS + 86_400 * SECOND_NS
    text = people.tokens.make(owner, "a test", role, None, by, until_ns=until)
    with rights.pages.browser() as pages:
        del pages._client.headers["Sec-Fetch-Site"]
        pages._client.headers["Authorization"] = f"Bearer {text}"
        yield pages


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("reach", get_args(Reach))
@pytest.mark.parametrize("action", ON_LESSONS)
def test_a_token_of_a_lesson(
    rights: Rights, as_program: Pages, role: Role, action: Action, reach: Reach
) -> None:
    is_allowed = reach in RIGHTS[role].get(action, set())
    name = f"{reach}-{role}"
    add_moments(rights, name, by=f"only-{role}")
    for each in ON_LESSONS[action]:
        if not each.path.startswith(FOR_PROGRAMS):
            continue
        prepare_video(rights, name, each)
        answer = each.of(as_program, name, name)
        if is_allowed:
            assert answer.status_code < 400, (each, answer.text)
            continue
        missing = each.of(as_program, "never-was", "never-was")
        assert (missing.status_code, missing.text) == (404, answer.text), each
        assert answer.status_code == 404, each


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("action", IN_GENERAL)
def test_a_token_of_no_lesson(as_program: Pages, role: Role, action: Action) -> None:
    for each in IN_GENERAL[action]:
        if each.path.startswith(FOR_PROGRAMS):
            answer = each.of(as_program, "", "")
            assert (answer.status_code < 400) == (action in GENERAL[role]), each


@pytest.mark.parametrize("role", ROLES)
def test_a_token_opens_no_page_for_people(rights: Rights, as_program: Pages, role: Role) -> None:
    as_program._client.cookies.update(rights.cookie(role))  # which count for nothing beside it
    for each in PAGES:
        answer = each.of(as_program, f"own-{role}", f"own-{role}")
        assert answer.status_code == 401, each
        assert "Secret" not in answer.text
