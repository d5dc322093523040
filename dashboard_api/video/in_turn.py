"""Work in the background on what waits, one after the other, where one failure stops nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from contract.errors import StoreError

__all__ = ["InTurn", "Work"]

_LOOK_EACH_S: Final = 5.0
"""Commands hand work on in the database alone."""
_TIDY_EACH_S: Final = 3_600.0
_RETRY_S: Final = 60.0
_AGAIN_S: Final = 600.0
"""What failed waits so long; the others do not."""
_MAX_TRIES: Final = 3
"""A disk may come back meanwhile; what still fails is no passing trouble."""

Work = Callable[[], Coroutine[Any, Any, None]]


class InTurn:
    """`run` is one task of the application; `do` is called for each that waits."""

    def __init__(self, name: str, woken: asyncio.Event) -> None:
        self._name = name
        self._log = logging.getLogger(name)
        self._woken = woken
        self._tries: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    async def run(self, *, work: Work, tidy: Work) -> None:
        """Work until the task is cancelled. Tidying waits for no work, which may take hours."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._keep_tidy(tidy), name=f"{self._name} that have to go")
            both.create_task(self._keep_working(work), name=f"{self._name} to make")

    async def do(self, key: str, what: str, work: Work, *, give_up: Work | None = None) -> None:
        """Work on one, unless it failed a while ago; `give_up` ends it when it fails too often."""
        now_s = asyncio.get_running_loop().time
        if self._not_before.get(key, 0.0) > now_s():
            return
        is_done = await self._goes_well(work, what)
        if not is_done:
            self._tries[key] = self._tries.get(key, 0) + 1
            self._not_before[key] = now_s() + _AGAIN_S
            if give_up is not None and self._tries[key] >= _MAX_TRIES:
                is_done = await self._goes_well(give_up, what)
        if is_done:
            self._tries.pop(key, None)
            self._not_before.pop(key, None)

    async def _keep_tidy(self, tidy: Work) -> None:
        while True:
            await self._goes_well(tidy, f"Old {self._name}")
            await asyncio.sleep(_TIDY_EACH_S)

    async def _keep_working(self, work: Work) -> None:
        while True:
            self._woken.clear()
            if not await self._goes_well(work, f"New {self._name}"):
                await asyncio.sleep(_RETRY_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EACH_S):
                    await self._woken.wait()

    async def _goes_well(self, work: Work, what: str) -> bool:
        """Do one, or a round of them, and go on whatever happens; False if something did."""
        try:
            await work()
        except (StoreError, OSError) as error:
            self._log.warning("%s can't be looked after at the moment: %s", what, error)
            return False
        except Exception:  # noqa: BLE001  # one, or one round, must not end them all
            self._log.exception("%s can't be looked after", what)
            return False
        return True
