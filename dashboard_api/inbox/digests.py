"""Mails people what is new to them: once a day at most, in the afternoon, and without content.

Each mail is in the language that its reader chose.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import StoreError
from contract.language import N_, _, speaking
from dashboard_api.inbox.lines import digest_text
from dashboard_api.inbox.news import news_of
from dashboard_api.language.choosing import language_of
from dashboard_api.people.mail import Mailer, MailError
from dashboard_api.web.store_thread import Stores, StoreThread

__all__ = ["SUBJECT", "Digests"]

SUBJECT: Final = N_("Something new for you in Roomtone")
LOOK_EVERY_S: Final = 600.0
FROM_HOUR: Final = 16
"""By the school's clock: when lessons are over."""
_APART_NS: Final = 20 * 3_600 * SECOND_NS
"""Two mails are so far apart, so that there is one a day whatever a clock does."""
_LOG = logging.getLogger("dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mail:
    recipient: str
    subject: str
    text: str


class Digests:
    """`run` is one task of the application."""

    def __init__(self, mailer: Mailer, address: str, zone: tzinfo | None) -> None:
        self._mailer = mailer
        self._address = address
        self._zone = zone

    async def run(self, store: StoreThread) -> None:
        while True:
            try:
                await self.round(store)
            except StoreError as error:
                _LOG.warning("What is new can't be mailed at the moment: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def round(self, store: StoreThread) -> None:
        """Mail those whose turn it is. Each mail is noted first: a lost one is better than two."""
        now, lessons_now = store.people_clock.utc_ns(), store.clock.utc_ns()
        if datetime.fromtimestamp(now / SECOND_NS, self._zone).hour < FROM_HOUR:
            return
        due = await store.run(lambda stores: stores.sharing.inbox.due(now - _APART_NS))
        for person, sent in due:
            made = await store.run(
                partial(_made, person, sent, lessons_now, now, self._zone, self._address)
            )
            if made is None:
                continue
            try:
                await self._mailer.send(made.recipient, made.subject, made.text)
            except MailError as error:
                _LOG.warning("A person's mail of what is new was not sent: %s", error)


def _made(
    person_id: str,
    sent_utc_ns: int,
    lessons_utc_ns: int,
    now_utc_ns: int,
    zone: tzinfo | None,
    address: str,
    stores: Stores,
) -> _Mail | None:
    """None if nothing is new to them since the last mail, or if another program was first."""
    person = stores.people.person(person_id)
    if person is None:
        return None
    # What waited before was in the last mail.
    found = news_of(stores, person, lessons_utc_ns, now_utc_ns, zone)
    news = [one for one in found if one.at_utc_ns > sent_utc_ns]
    if not news or not stores.sharing.inbox.note_sent(person_id, sent_utc_ns, now_utc_ns):
        return None
    with speaking(language_of(person.language)):
        return _Mail(
            recipient=person.sign_in_name, subject=_(SUBJECT), text=digest_text(news, address)
        )
