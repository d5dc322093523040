"""What the stores know of a room's kits."""

from __future__ import annotations

from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.live.advances import Advances
from dashboard_api.live.program_state import Moment
from dashboard_api.live.view import SILENT_AFTER_S, NodeReport
from dashboard_api.views.text import notice_sentence
from dashboard_api.web.store_thread import Stores
from ingest.stores.rules.dating import UNDATED, utc_of

__all__ = ["MAX_NOTICE_AGE_NS", "node_reports"]

MAX_NOTICE_AGE_NS: Final = 86_400 * SECOND_NS
"""How long a page shows a problem of a kit."""


def node_reports(stores: Stores, room: str, advances: Advances, now: Moment) -> list[NodeReport]:
    """The newest run of each of a room's nodes, by name."""
    periods = stores.periods
    notices: dict[str, list[str]] = {}
    for notice in periods.notices(room):
        if notice.last_utc_ns > now.utc_ns - MAX_NOTICE_AGE_NS:
            notices.setdefault(notice.node, []).append(notice_sentence(notice))
    reports: list[NodeReport] = []
    for stream in periods.newest_runs(room):
        kept = periods.kept(stream.id).spans()
        seen: int | None = None
        silent: int | None = None
        if kept:
            at_ns = stream.run_boot_ns + kept[-1][1] * stream.period_ns
            records = periods.timebases(stream, from_boot_ns=at_ns, to_boot_ns=at_ns)
            last = int(utc_of(stream, [kept[-1][1]], records)[0])
            # A period is complete at its end.
            if last != UNDATED:
                seen = last + stream.period_ns
                silent = advances.stopped_since(
                    ("run", stream.id), kept[-1][1], true_utc_ns=seen, now=now,
                    after_s=SILENT_AFTER_S,
                )  # fmt: skip
        reports.append(
            NodeReport(
                node=stream.node,
                is_up=periods.is_up(stream.id),
                newest_utc_ns=seen,
                silent_since_utc_ns=silent,
                birth=periods.birth(stream.id),
                health=periods.health(stream.id),
                notices=tuple(notices.get(stream.node, ())),
                clock=periods.clock_claim(stream),
            )
        )
    return reports
