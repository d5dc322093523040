"""Whether whoever opened a socket may still see the lesson: asked again for each message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from contract.errors import StoreError
from contract.language import N_, _
from dashboard_api.together.messages import NOT_NOW, NOT_OPEN, SIGNED_OUT, ClosedError
from dashboard_api.together.signs import Signs, signs_of
from dashboard_api.web.lookup import NotFoundError, see_lesson
from dashboard_api.web.secret import Secret
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores, StoreThread
from dashboard_api.web.viewer import Viewer

__all__ = ["Pass"]

T = TypeVar("T")

_SIGNED_OUT: Final = N_("You are signed out, so the debrief has ended for you.")
_NOT_OPEN: Final = N_("This lesson is not open to you any more.")


@dataclass(frozen=True, slots=True)
class Pass:
    """What a socket was opened with."""

    store: StoreThread
    secret: Secret
    viewer: Viewer
    lesson_id: str

    async def check(self) -> None:
        """Raise ClosedError once the session is over or the lesson not open, or if nobody knows."""
        await self._ask(lambda _stores, _seen: None)

    async def signs(self) -> Signs:
        """Check, and look what there is to see; raises ClosedError."""
        return await self._ask(signs_of)

    async def _ask(self, query: Callable[[Stores, SeenLesson], T]) -> T:
        now, people_now = self.store.clock.utc_ns(), self.store.people_clock.utc_ns()
        try:
            return await self.store.run(
                lambda stores: query(stores, self.see(stores, now, people_now))
            )
        except StoreError as error:
            raise ClosedError(NOT_NOW, str(error)) from error

    def see(self, stores: Stores, now_utc_ns: int, people_utc_ns: int) -> SeenLesson:
        """The lesson as they see it now; raises ClosedError."""
        found = self.secret.holder(stores, people_utc_ns)
        if found is None or found.person.id != self.viewer.person.id:
            raise ClosedError(SIGNED_OUT, _(_SIGNED_OUT))
        viewer = replace(
            self.viewer, person=found.person, session=found.session, utc_ns=now_utc_ns,
            people_utc_ns=people_utc_ns,
        )  # fmt: skip
        try:
            return see_lesson(stores, viewer, self.lesson_id)
        except NotFoundError:
            raise ClosedError(NOT_OPEN, _(_NOT_OPEN)) from None
