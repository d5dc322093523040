"""Whether a report that arrives is taken: known site, right signature, a month that is over, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from contract.aggregates.report import decode, require_together
from contract.aggregates.signing import open_envelope, verify
from contract.clock import SECOND_NS
from contract.errors import PayloadError
from roomtone.collector.store import CollectorStore

__all__ = ["OLDEST_MONTHS", "take"]

OLDEST_MONTHS: Final = 36
_AHEAD_NS: Final = 86_400 * SECOND_NS
"""At its site a month may be over up to a day earlier than at the collector."""


def take(store: CollectorStore, content: bytes, utc_ns: int) -> bool:
    """Keep it; False if just this report is held already. Raises PayloadError, StoreError.

    The report is decoded before its signature is checked: it names the site whose key is needed.
    """
    envelope = open_envelope(content)
    report = decode(envelope.body)
    key = store.key_of(report.site)
    if key is None:
        raise PayloadError(
            "site", f"{report.site} is not known here; `roomtone collector add` adds a site"
        )
    verify(envelope, key)
    require_together(report)
    _require_over(report.month, utc_ns)
    # Kept first, then compared: the same report may come twice at the same moment.
    if store.keep(report, envelope.body, envelope.signature, utc_ns):
        return True
    if store.body_of(report.site, report.month) != envelope.body:
        raise PayloadError(
            "month", f"{report.month} of {report.site} is held already, with other figures"
        )
    return False


def _require_over(month: str, utc_ns: int) -> None:
    now = datetime.fromtimestamp((utc_ns + _AHEAD_NS) / SECOND_NS, UTC)
    year, of_year = (int(part) for part in month.split("-"))
    ago = (now.year - year) * 12 + now.month - of_year
    if ago < 1:
        raise PayloadError("month", f"{month} is not over")
    if ago > OLDEST_MONTHS:
        raise PayloadError("month", f"{month} is more than {OLDEST_MONTHS} months ago")
