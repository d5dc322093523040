"""Keeps how far observers and model agree, so that the page of trust does not read all scores again."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final

from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.monitoring.observed_shares import lessons_of, read_shares, seen_looks
from models.school_model.observed import ObservedCheck, check_observed
from school.observing.records import CodedLook, Kept

__all__ = ["ObservedWatch"]

MAX_AGE_S: Final = 600.0
"""New scores and spans that are left out count after this at the latest; new looks at once."""


class ObservedWatch:
    """The check of one model, computed when somebody asks and something is new."""

    def __init__(self) -> None:
        self._known: tuple[str, Kept, float, ObservedCheck] | None = None

    async def of(self, store: StoreThread, base: str) -> ObservedCheck:
        """The check of the model of this version; `base` without what a school added to it."""
        kept, at = await store.run(_kept), time.monotonic()
        known = self._known
        if known is not None and known[:2] == (base, kept) and at - known[2] <= MAX_AGE_S:
            return known[3]
        looks = await store.run(_looks)
        shares: dict[tuple[str, int], float] = {}
        # A lesson at a time, so that a live page does not wait for all of them.
        for lesson, theirs in lessons_of(looks):
            shares |= await store.run(partial(_shares, lesson=lesson, looks=theirs, base=base))
        # Resampling takes up to a second for a year of looks.
        check = await asyncio.to_thread(check_observed, seen_looks(looks), shares)
        self._known = base, kept, at, check
        return check


def _kept(stores: Stores) -> Kept:
    return stores.sharing.observers.kept()


def _looks(stores: Stores) -> list[CodedLook]:
    return stores.sharing.observers.all_looks()


def _shares(
    stores: Stores, lesson: str, looks: list[CodedLook], base: str
) -> dict[tuple[str, int], float]:
    return read_shares(stores.lessons, stores.scores, lesson, looks, base)
