"""Runs the cases of the matrix in two lanes, each with its own server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from contract.errors import RoomtoneError
from roomtone.faults import FAULTS
from roomtone.faults.case import Case, Result
from roomtone.faults.children import Child
from roomtone.faults.server import Server

__all__ = ["run_all", "select_cases"]

_log = logging.getLogger("faults")
_LANES: Final = 2


def select_cases(*, is_quick: bool, only: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The (fault, place) pairs to run. `only` holds names, or NAME:PLACE."""
    return [
        (name, place)
        for name, fault in FAULTS.items()
        for place in (fault.quick if is_quick and not only else fault.places)
        if not only or name in only or f"{name}:{place}" in only
    ]


def run_all(
    pairs: Sequence[tuple[str, str]],
    *,
    folder: Path,
    seed: int,
    report: Callable[[str], None],
) -> list[Result]:
    """Run the cases; the results are in the order of the pairs."""
    lanes: SimpleQueue[_Lane] = SimpleQueue()

    def run_one(pair: tuple[str, str]) -> Result:
        lane = lanes.get()
        try:
            result = lane.run(*pair, seed=seed, report=report)
        finally:
            lanes.put(lane)
        report(_line(result))
        return result

    # A stable order, with long cases first, so that none runs alone at the end.
    queue = sorted(pairs, key=lambda pair: not FAULTS[pair[0]].is_long)
    with ExitStack() as cleanup, ThreadPoolExecutor(_LANES, thread_name_prefix="lane") as pool:
        for number in range(_LANES):
            lanes.put(_Lane(folder / f"lane-{number}", cleanup.enter_context(ExitStack())))
        running = {pair: pool.submit(run_one, pair) for pair in queue}
        try:
            return [running[pair].result() for pair in pairs]
        except BaseException:
            # Interrupted: running cases fail at once, because their programs are killed.
            pool.shutdown(wait=False, cancel_futures=True)
            Child.end_all()
            raise


class _Lane:
    """Runs one case after the other; they share a server as long as it works."""

    def __init__(self, folder: Path, cleanup: ExitStack) -> None:
        self._folder = folder
        self._servers = 0
        self._server: Server | None = None
        self._cleanup = cleanup

    def run(self, fault: str, where: str, *, seed: int, report: Callable[[str], None]) -> Result:
        case = Case(
            fault=fault,
            where=where,
            folder=self._folder / f"{fault}-{where}",
            seed=seed,
            shared_server=self._shared,
            report=report,
        )
        error: str | None = None
        try:
            FAULTS[fault].run(case)
        except RoomtoneError as caught:
            error = str(caught)
        except Exception as caught:  # noqa: BLE001
            # The top of a case: a defect in one must not hide the results of the others.
            _log.exception("%s/%s failed", fault, where)
            error = f"{type(caught).__name__}: {caught}"
        result = case.result(error)
        if not result.is_good:
            # A broken server must not affect the next case.
            self._cleanup.close()
            self._server = None
        return result

    def _shared(self) -> Server:
        if self._server is None:
            self._servers += 1
            server = Server(self._folder / f"server-{self._servers}")
            self._server = self._cleanup.enter_context(server)
        return self._server


def _line(result: Result) -> str:
    outcome = "ok" if result.is_good else "FAILED"
    recovery = "" if result.recovery_s is None else f", recovered in {result.recovery_s:.1f} s"
    text = (
        f"{result.fault}/{result.where}: {outcome}, {result.kept} of {result.sampled} kept, "
        f"{result.lost} lost{recovery}"
    )
    if result.error:
        text += f" ({result.error})"
    return text
