"""One tap for a short question, the page with what came of it, and words for one chosen reader."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.language.dates import date_text
from dashboard_api.pulse.asking import asks_after_debriefs, deed_days, settled_by
from dashboard_api.pulse.view import pulse_page
from dashboard_api.sharing.page_view import readers_for
from dashboard_api.web.access import AnswersPulse, ReadsPulse, WritesDeeds
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.people.tokens import new_id
from school.pulse.records import LONGEST_WORDS, WHOLE, Answer, Deed, Kind, Question, Words

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

LONGEST_DEED = 300
Id = Annotated[str, Form(max_length=200)]
DeedText = Annotated[str, Form(max_length=LONGEST_DEED)]


@router.get("/pulse")
async def shown(
    request: Request,
    viewer: ReadsPulse,
    store: StoreDep,
    to: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """With `to`, there is a field for words to this reader; otherwise there is none."""
    return await store.run(lambda stores: _shown(request, stores, viewer, to=to))


@router.post("/pulse/answer")
async def answer(
    request: Request,
    viewer: AnswersPulse,
    store: StoreDep,
    kind: Annotated[Kind, Form()],
    question: Id,
    step: Annotated[str, Form(max_length=1, pattern="^[0-4]?$")] = "",
) -> Response:
    """Count a tap; without a step, the question is skipped.

    A question that the school has changed meanwhile is not counted, and comes up again.
    """
    asked: Question | None = request.app.state.questions.get(kind)

    def change(stores: Stores) -> None:
        if asked is None or asked.id != question or (step and int(step) >= len(asked.steps)):
            return
        if kind == "debrief" and not asks_after_debriefs(stores):
            return
        # What is said of a talk is never kept by school: it could be about one coach.
        site = WHOLE
        if kind == "week":
            site = stores.programme.sites_of_people().get(viewer.person.id, WHOLE)
        given = Answer(question=question, step=int(step), site=site) if step else None
        weeks = settled_by(stores, viewer, kind)
        stores.pulse.settle(viewer.person.id, kind, weeks, given)

    await store.run(change)
    return RedirectResponse("/pulse" if step else "/", status_code=303)


@router.post("/pulse/switch")
async def switch(viewer: AnswersPulse, store: StoreDep, is_on: Annotated[bool, Form()]) -> Response:
    await store.run(lambda stores: stores.pulse.switch(viewer.person.id, is_on=is_on))
    return _back()


@router.post("/pulse/words")
async def write(
    request: Request,
    viewer: AnswersPulse,
    store: StoreDep,
    reader: Id,
    text: Annotated[str, Form(max_length=2 * LONGEST_WORDS)] = "",
) -> Response:
    """Words for the one reader whom the writer chose."""

    def change(stores: Stores) -> Response:
        if reader not in {each.id for each in readers_for(stores, viewer)}:
            return _shown(request, stores, viewer, trouble=_("Choose who reads it."))
        try:
            stores.pulse.write(
                Words(
                    id=new_id(), person=viewer.person.id, reader=reader,
                    text=text.strip().replace("\r\n", "\n"), written_utc_ns=viewer.people_utc_ns,
                )
            )  # fmt: skip
        except UsageError as error:
            return _shown(request, stores, viewer, to=reader, text=text, trouble=str(error))
        return _back("words")

    return await store.run(change)


@router.post("/pulse/words/remove")
async def remove_words(viewer: ReadsPulse, store: StoreDep, words: Id) -> Response:
    """Writer or reader removes what was written, for both."""
    await store.run(lambda stores: stores.pulse.remove_words(words, viewer.person.id))
    return _back()


@router.post("/pulse/deeds")
async def publish(
    request: Request,
    viewer: WritesDeeds,
    store: StoreDep,
    day: Annotated[date, Form()],
    said: DeedText = "",
    did: DeedText = "",
    site: Id = WHOLE,
) -> Response:
    """What was said, and what was done about it: those who are asked read it."""

    def change(stores: Stores) -> Response:
        texts = " ".join(said.split()), " ".join(did.split())
        if not all(texts):
            trouble = _("Write both: what was said, and what was done.")
            return _shown(request, stores, viewer, trouble=trouble)
        if site != WHOLE and site not in {each.name for each in stores.rooms.sites()}:
            return _shown(request, stores, viewer, trouble=_("Choose a school, or all of them."))
        first, last = deed_days(stores, viewer)
        if not first <= day <= last:
            return _shown(
                request, stores, viewer,
                trouble=_(
                    "Choose a day from {first} to {last}: not before the coaching began, and not in "
                    "the future.",
                    first=date_text(first), last=date_text(last),
                ),
            )  # fmt: skip
        deed = Deed(id=new_id(), site=site, day=day, said=texts[0], did=texts[1])
        stores.pulse.add_deed(deed, viewer.actor)
        return _back("deeds")

    return await store.run(change)


@router.post("/pulse/deeds/remove")
async def remove_deed(viewer: WritesDeeds, store: StoreDep, deed: Id) -> Response:
    await store.run(lambda stores: stores.pulse.remove_deed(deed, viewer.actor))
    return _back("deeds")


def _back(part: str = "") -> Response:
    return RedirectResponse(f"/pulse#{part}" if part else "/pulse", status_code=303)


def _shown(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    *,
    to: str = "",
    text: str = "",
    trouble: str = "",
) -> Response:
    shown = pulse_page(stores, viewer, request.app.state.questions)
    reader = next((each for each in shown.readers if each.id == to), None)
    return page(
        "pulse/page.html", viewer=viewer, status_code=422 if trouble else 200, shown=shown,
        reader=reader, text=text, trouble=trouble, longest_words=LONGEST_WORDS,
        longest_deed=LONGEST_DEED,
    )  # fmt: skip
