"""Runs a load: starts what it needs, follows it while the rooms send, and counts at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from contract.settings import BrokerSettings
from ingest.stores.protocol import ScoreStore
from roomtone.load.messages import Kit, kits_of, simulated_rows
from roomtone.load.outcome import KeptCount, Outcome, count_kept, count_scored
from roomtone.load.plan import LoadPlan
from roomtone.load.processes import ProcessCosts
from roomtone.load.sender import KitsProcess, SenderNews, started_kits
from roomtone.load.server import FaultSchedule, LoadServer
from roomtone.load.watching import ScoreWatch

__all__ = ["LoadError", "run_load"]

_POLL_S: Final = 0.05
"""As often as a live page looks."""
_READY_S: Final = 120.0
_LEAD_S: Final = 4.0
_ROOMS_A_SECOND: Final = 150
"""About how fast lessons are written and kits announce themselves, before the start."""
_COSTS_S: Final = 1.0
_PROGRESS_S: Final = 5.0
_COUNT_S: Final = 3.0
_SCORES_S: Final = 60.0
"""How long the end waits for scores after the last one."""


class LoadError(RoomtoneError):
    """A load could not be run, or a program of it ended."""


class _Run:
    """One load while it runs; `server` is None on a broker that is not ours."""

    def __init__(
        self,
        plan: LoadPlan,
        server: LoadServer | None,
        kits: KitsProcess,
        report: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._server = server
        self._kits = kits
        self._report = report
        self._costs = ProcessCosts()
        self._starts_ns = 0
        self._lesson_utc_ns = 0
        self._runs_from = 0
        self._watch: ScoreWatch | None = None
        self._faults = (
            None
            if server is None
            else FaultSchedule(plan, server, lambda text: report(f"fault      {text}"))
        )
        self._costs_s = self._progress_s = 0.0

    def run(self) -> Outcome:
        plan = self._plan
        if not self._kits.wait_until_ready(_READY_S):
            raise LoadError("The simulated kits did not start.")
        lead_s = _LEAD_S + (plan.rooms / _ROOMS_A_SECOND)
        # Whole seconds, for who reads the store's times.
        self._starts_ns = (time.time_ns() // SECOND_NS + round(lead_s)) * SECOND_NS
        # Rooms that are faster than life end about now, so that nothing is in the future.
        ahead_s = plan.seconds - plan.duration_s
        self._lesson_utc_ns = self._starts_ns - max(0, round(ahead_s)) * SECOND_NS
        self._runs_from = int.from_bytes(os.urandom(6), "big")
        self._kits.begin(
            starts_ns=self._starts_ns, lesson_utc_ns=self._lesson_utc_ns, runs_from=self._runs_from
        )
        if self._server is None:
            self._follow(None)
            return self._outcome(None)
        self._watch = ScoreWatch(plan, starts_ns=self._starts_ns)
        self._server.put_lessons(self._lesson_utc_ns)
        with closing(self._server.scores()) as scores:
            self._follow(scores)
            self._wait_for_scores(scores)
            return self._outcome(scores)

    @property
    def _now_s(self) -> float:
        return (time.time_ns() - self._starts_ns) / SECOND_NS

    def _follow(self, scores: ScoreStore | None) -> None:
        """Until the kits have ended."""
        while True:
            is_alive = self._kits.hear()
            news = self._kits.news
            if news is not None and news.is_over:
                return
            if not is_alive:
                raise LoadError("The simulated kits ended unexpectedly.")
            self._step(scores, news)
            time.sleep(_POLL_S)

    def _step(self, scores: ScoreStore | None, news: SenderNews | None) -> None:
        now_s = self._now_s
        if self._faults is not None and self._server is not None:
            self._faults.follow(now_s)
            running = self._server.pids()
            missing = {"broker", "ingest", "score"} - running.keys() - self._faults.is_down
            if missing:
                raise LoadError(f"{min(missing)} ended unexpectedly; its log is in the folder.")
        if self._watch is not None and scores is not None:
            self._watch.look(scores)
        if 0 <= now_s <= self._plan.duration_s and now_s - self._costs_s >= _COSTS_S:
            self._look_at_costs(now_s)
        if now_s - self._progress_s >= _PROGRESS_S and now_s >= 0 and news is not None:
            self._progress_s = now_s
            self._show_progress(now_s, news)

    def _look_at_costs(self, now_s: float) -> None:
        self._costs_s = now_s
        pids = {} if self._server is None else self._server.pids()
        pids |= {"kits": self._kits.pid, "reader": os.getpid()}
        self._costs.look(pids, share_done=now_s / self._plan.duration_s)

    def _show_progress(self, now_s: float, news: SenderNews) -> None:
        counts = news.counts
        words = [
            f"{now_s:6.0f} s of {self._plan.duration_s:.0f}: sent {counts.sent:,}",
            f"acknowledged {counts.acked:,}",
        ]
        if self._watch is not None:
            late_s = self._watch.recent.percentile_s(99)
            self._watch.recent.clear()
            words += [f"scored {self._watch.scored:,}", f"late {late_s:.2f} s"]
        words += [
            f"{name} {self._costs.share_of(name, now_s):.0%} {self._costs.memory_of(name):.0f} MB"
            for name in ("ingest", "score", "broker", "kits")
            if self._costs.memory_of(name)
        ]
        if not news.is_linked:
            words.append("no connection to the broker")
        self._report(", ".join(words))

    def _wait_for_scores(self, scores: ScoreStore) -> None:
        """Until everything has been scored, late data too, or for a minute without a new score."""
        scored, changed_s, counted_s = -1, time.monotonic(), 0.0
        while (now_s := time.monotonic()) - changed_s < _SCORES_S:
            self._step(scores, None)
            if now_s - counted_s > _COUNT_S:
                counted_s, before = now_s, scored
                scored = count_scored(scores, self._plan)
                if scored >= self._plan.total:
                    return
                changed_s = changed_s if scored == before else now_s
            time.sleep(_POLL_S)

    def _outcome(self, scores: ScoreStore | None) -> Outcome:
        plan, news, watch = self._plan, self._kits.news, self._watch
        assert news is not None
        counted = KeptCount(kept=news.counts.acked, changed=0, doubled=0)
        scored = None
        if scores is not None and self._server is not None:
            self._report("counting   what is in the store")
            scored = count_scored(scores, plan)
            with closing(self._server.reader()) as reader:
                counted = count_kept(reader, self._known_kits())
        has_late = watch is not None and watch.late.n > 0
        return Outcome(
            rooms=plan.rooms, seats=plan.seats, rate=plan.rate, minutes=plan.periods / 60,
            sent=news.counts.sent, kept=counted.kept, scored=scored,
            late_p50_s=_rounded(watch.late.percentile_s(50)) if watch and has_late else None,
            late_p99_s=_rounded(watch.late.percentile_s(99)) if watch and has_late else None,
            late_max_s=_rounded(watch.late.percentile_s(100)) if watch and has_late else None,
            changed=counted.changed, doubled=counted.doubled, resent=news.counts.resent,
            messages=news.counts.messages, values=news.counts.sent * news.width,
            send_late_p99_s=_rounded(news.send_late_s[1]), ack_p50_s=_rounded(news.ack_late_s[0]),
            ack_p99_s=_rounded(news.ack_late_s[1]),
            faults=tuple(f"{fault.kind}@{fault.at_s}:{fault.for_s}" for fault in plan.faults),
            processes=self._costs.uses(plan.duration_s),
        )  # fmt: skip

    def _known_kits(self) -> list[Kit]:
        """The kits as their process has made them: all of it follows from plan, start and runs."""
        return kits_of(
            self._plan, simulated_rows(self._plan), starts_utc_ns=self._lesson_utc_ns,
            runs_from=self._runs_from,
        )  # fmt: skip


def run_load(
    plan: LoadPlan, folder: Path, *, broker: BrokerSettings | None, report: Callable[[str], None]
) -> Outcome:
    """Run a load on programs of its own in a folder, or on a broker that is there already."""
    with ExitStack() as stack:
        server = None
        if broker is None:
            report(f"server     Mosquitto, ingest and score in {folder}")
            server = stack.enter_context(LoadServer(plan, folder))
        kits = stack.enter_context(started_kits(plan, broker or server.kits_broker))  # type: ignore[union-attr]
        report(
            f"rooms      {plan.rooms:,} of {plan.seats} seats, for {plan.duration_s:g} s, "
            f"{plan.rooms * plan.rate:,.0f} messages a second"
        )
        return _Run(plan, server, kits, report).run()


def _rounded(seconds: float) -> float:
    return round(seconds, 4)
