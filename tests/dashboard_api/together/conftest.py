"""A server with the sample lesson, its teacher, and a coach with whom it is shared."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from contract.clock import SECOND_NS
from dashboard_api.web.store_thread import Stores
from tests.dashboard_api.server import running
from tests.dashboard_api.together.sockets import Page
from tests.signed_in import BY, COACH, COOKIE_NAME, TEACHER, add_person, cookie


@pytest.fixture
def debrief(stores: Stores, filled) -> Iterator[SimpleNamespace]:
    with running(stores) as server:
        clock = server.app.state.store_thread.clock
        add_person(stores.people, COACH, "coach")
        until = clock.utc_ns() + 86_400 * SECOND_NS
        stores.sharing.share(filled.lesson.id, COACH, BY, until_utc_ns=until)
        cookies = {
            person: cookie(stores.people, clock.utc_ns(), person)[COOKIE_NAME]
            for person in (TEACHER, COACH)
        }
        pages: list[Page] = []

        def page(person: str, number: int = 1, *, joins: bool = True, **given: object) -> Page:
            made = Page(server.port, cookies[person], **given)  # type: ignore[arg-type]
            pages.append(made)
            return made.join(person, number) if joins else made

        yield SimpleNamespace(
            server=server, stores=stores, clock=clock, cookies=cookies, page=page,
            rooms=server.app.state.debriefs.rooms,
        )  # fmt: skip
        for each in pages:
            each.socket.close()
