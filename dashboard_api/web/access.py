"""Who asks, and whether the policy allows it: every route has one of these as a dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from contract.errors import RoomtoneError
from contract.language import N_, _, speak
from dashboard_api.language.choosing import language_of
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.secret import Holder, Secret
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.audit.actor import Actor
from school.people.records import NEED_SECOND_FACTOR
from school.sharing.policy import Action, may_at_all

__all__ = [
    "COOKIE",
    "PERSON_HEADER",
    "AnonymisesPeople",
    "AnswersPulse",
    "AsksObservers",
    "ChangesPeople",
    "ChangesVideo",
    "ChoosesLabels",
    "CodesLesson",
    "DecidesStep",
    "DeletesLesson",
    "ExcludesSpans",
    "ExportsLesson",
    "FillsForm",
    "FindsColleagues",
    "Guesses",
    "HandsOver",
    "HidesLesson",
    "ImportsLessons",
    "JoinsCohort",
    "KeepsCycle",
    "KeepsLedger",
    "LeadsCohort",
    "LinesUpVideo",
    "MakesClip",
    "Needs",
    "PausesSensing",
    "ProposesCycle",
    "Public",
    "ReadsCaseload",
    "ReadsChanges",
    "ReadsCounts",
    "ReadsKits",
    "ReadsLesson",
    "ReadsModel",
    "ReadsNotes",
    "ReadsPeople",
    "ReadsPulse",
    "ReadsSeatRows",
    "ReadsVideo",
    "Reflects",
    "RunsProgramme",
    "SecondFactorNeededError",
    "SeesClip",
    "SeesCohort",
    "SetsUpRooms",
    "SharesLesson",
    "SignInNeededError",
    "SignedIn",
    "TakesOver",
    "TakesRecord",
    "Viewer",
    "WatchesLive",
    "WritesDeeds",
    "WritesNotes",
    "WritesPlan",
    "secret_of",
    "session_cookie",
]

_PROGRAM_REFUSED: Final = N_(
    "This token opens nothing here: it is unknown, revoked or too old, or this is a page for people."
)
COOKIE: Final = "roomtone_session"
"""By plain HTTP on this computer."""
PERSON_HEADER: Final = "roomtone-person"
"""For whom a page was made: what it sends is never taken as somebody else's who signed in since."""
_SECURE_COOKIE: Final = f"__Host-{COOKIE}"
"""By HTTPS; browsers accept and return it by HTTPS alone, and to this very host."""


def session_cookie(connection: HTTPConnection) -> str:
    """The name of the session's cookie, by how the browser came."""
    return _SECURE_COOKIE if connection.url.scheme in {"https", "wss"} else COOKIE


def secret_of(connection: HTTPConnection) -> Secret:
    """What a request proves itself with."""
    return Secret.of(connection, session_cookie(connection))


class SignInNeededError(RoomtoneError):
    """Nobody is signed in, or not any more."""


class SecondFactorNeededError(RoomtoneError):
    """The person's roles need a second factor, and they have none yet."""


@dataclass(frozen=True, slots=True)
class Public:
    """A route that answers everybody, and why."""

    reason: str

    async def __call__(self) -> None:
        """Refuse nobody."""


@dataclass(frozen=True, slots=True)
class Needs:
    """A route for people who are signed in and have a role that allows `action` on something.

    Whether it is allowed on the lesson of the request is decided where that is read: in
    `lookup.get_lesson`. Raises SignInNeededError, SecondFactorNeededError, or NotFoundError,
    since what one may not see looks like what does not exist.
    """

    action: Action | None
    is_without_second_factor: bool = False
    """Also for someone who has yet to set up the second factor that their roles need."""

    async def __call__(self, connection: HTTPConnection, store: StoreDep) -> Viewer:
        now = store.people_clock.utc_ns()
        secret = secret_of(connection)
        found = await store.run(lambda stores: secret.holder(stores, now))
        if secret.is_token and (found is None or not _is_for_programs(connection)):
            await store.run(lambda stores: _record_refusal(stores, found, now))
            raise SignInNeededError(_(_PROGRAM_REFUSED))
        if found is None:
            raise SignInNeededError(_("Sign in first."))
        person = found.person
        if person.language is not None:
            speak(language_of(person.language))
        if connection.headers.get(PERSON_HEADER, person.id) != person.id:
            raise SignInNeededError(_("Somebody else is signed in in this browser by now."))
        if (
            not self.is_without_second_factor
            and not person.has_second_factor
            and not (found.session is not None and found.session.has_second_factor)
            and person.roles & NEED_SECOND_FACTOR
        ):
            raise SecondFactorNeededError(_("Set up a second factor first, on the account page."))
        if self.action is not None and not may_at_all(person.roles, self.action):
            if found.token is not None:
                await store.run(lambda stores: _record_refusal(stores, found, now))
            raise NotFoundError(_("There is no such page."))
        return Viewer(
            person=person, session=found.session, action=self.action, utc_ns=store.clock.utc_ns(),
            people_utc_ns=now, token=found.token,
        )  # fmt: skip


def _is_for_programs(connection: HTTPConnection) -> bool:
    """Whether the description of the interface has the route: pages for people are not in it."""
    route = connection.scope.get("route")
    if connection.scope["type"] == "websocket":
        return False
    if connection.scope["method"] == "HEAD":
        return getattr(route, "path", "") in connection.app.openapi()["paths"]
    return bool(getattr(route, "include_in_schema", False))


def _record_refusal(stores: Stores, found: Holder | None, utc_ns: int) -> None:
    by = Actor(name="the pages", utc_ns=utc_ns)
    stores.people.tokens.record_refusal(None if found is None else found.token, by)


SignedIn = Annotated[Viewer, Depends(Needs(None))]
ReadsLesson = Annotated[Viewer, Depends(Needs("read lesson"))]
ReadsNotes = Annotated[Viewer, Depends(Needs("read notes"))]
WritesNotes = Annotated[Viewer, Depends(Needs("write notes"))]
DecidesStep = Annotated[Viewer, Depends(Needs("decide step"))]
KeepsCycle = Annotated[Viewer, Depends(Needs("keep cycle"))]
KeepsLedger = Annotated[Viewer, Depends(Needs("keep ledger"))]
ProposesCycle = Annotated[Viewer, Depends(Needs("propose cycle"))]
ReadsCaseload = Annotated[Viewer, Depends(Needs("read caseload"))]
Guesses = Annotated[Viewer, Depends(Needs("guess"))]
WritesPlan = Annotated[Viewer, Depends(Needs("write plan"))]
Reflects = Annotated[Viewer, Depends(Needs("reflect"))]
FillsForm = Annotated[Viewer, Depends(Needs("fill form"))]
ReadsVideo = Annotated[Viewer, Depends(Needs("read video"))]
ChangesVideo = Annotated[Viewer, Depends(Needs("change video"))]
LinesUpVideo = Annotated[Viewer, Depends(Needs("line up video"))]
ReadsSeatRows = Annotated[Viewer, Depends(Needs("read seat rows"))]
TakesRecord = Annotated[Viewer, Depends(Needs("take record"))]
ExportsLesson = Annotated[Viewer, Depends(Needs("export lesson"))]
SharesLesson = Annotated[Viewer, Depends(Needs("share lesson"))]
ChoosesLabels = Annotated[Viewer, Depends(Needs("choose labels"))]
ExcludesSpans = Annotated[Viewer, Depends(Needs("exclude spans"))]
HidesLesson = Annotated[Viewer, Depends(Needs("hide lesson"))]
DeletesLesson = Annotated[Viewer, Depends(Needs("delete lesson"))]
HandsOver = Annotated[Viewer, Depends(Needs("hand over"))]
TakesOver = Annotated[Viewer, Depends(Needs("take over"))]
MakesClip = Annotated[Viewer, Depends(Needs("make clip"))]
SeesClip = Annotated[Viewer, Depends(Needs("see clip"))]
SeesCohort = Annotated[Viewer, Depends(Needs("see cohort"))]
JoinsCohort = Annotated[Viewer, Depends(Needs("join cohort"))]
LeadsCohort = Annotated[Viewer, Depends(Needs("lead cohort"))]
AsksObservers = Annotated[Viewer, Depends(Needs("ask observers"))]
CodesLesson = Annotated[Viewer, Depends(Needs("code lesson"))]
WatchesLive = Annotated[Viewer, Depends(Needs("watch live"))]
PausesSensing = Annotated[Viewer, Depends(Needs("pause sensing"))]
AnswersPulse = Annotated[Viewer, Depends(Needs("answer pulse"))]
ReadsPulse = Annotated[Viewer, Depends(Needs("read pulse"))]
FindsColleagues = Annotated[Viewer, Depends(Needs("find colleagues"))]
WritesDeeds = Annotated[Viewer, Depends(Needs("write deeds"))]
ReadsModel = Annotated[Viewer, Depends(Needs("read model"))]
ReadsKits = Annotated[Viewer, Depends(Needs("read kits"))]
SetsUpRooms = Annotated[Viewer, Depends(Needs("set up rooms"))]
ReadsCounts = Annotated[Viewer, Depends(Needs("read counts"))]
RunsProgramme = Annotated[Viewer, Depends(Needs("run programme"))]
ImportsLessons = Annotated[Viewer, Depends(Needs("import lesson"))]
ReadsPeople = Annotated[Viewer, Depends(Needs("read people"))]
ReadsChanges = Annotated[Viewer, Depends(Needs("read changes of rights"))]
AnonymisesPeople = Annotated[Viewer, Depends(Needs("anonymise people"))]
ChangesPeople = Annotated[Viewer, Depends(Needs("change people"))]
