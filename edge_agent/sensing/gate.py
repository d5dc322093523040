"""Whether a source may look now: it may in a second that is sampled, and at no other time."""

from __future__ import annotations

from collections.abc import Callable

from contract.clock import Clock
from edge_agent.sensing.sampling import Sampling

__all__ = ["SensingGate"]

_SECOND_NS = 1_000_000_000


class SensingGate:
    """Open in the whole seconds of the boot clock that are sampled as far as is known now.

    A pause closes it at once. Any thread may ask, many times a second: an answer is kept until the
    second is over or the lessons, the commands or the clock change.
    """

    def __init__(
        self, *, sampling: Sampling, clock: Clock, is_utc_known: Callable[[], bool]
    ) -> None:
        self.excluded: frozenset[int] = frozenset()
        """Seats that have opted out."""
        self._sampling = sampling
        self._clock = clock
        self._is_utc_known = is_utc_known
        self._answer: tuple[int, tuple[object, object], bool, bool] | None = None

    def is_open(self, boot_ns: int) -> bool:
        second, basis, is_known = boot_ns // _SECOND_NS, self._sampling.basis, self._is_utc_known()
        kept = self._answer
        if (
            kept is not None
            and kept[0] == second
            and kept[1][0] is basis[0]
            and kept[1][1] is basis[1]
            and kept[2] == is_known
        ):
            return kept[3]
        start_ns = second * _SECOND_NS
        reason = self._sampling.reason_at(
            start_boot_ns=start_ns, end_boot_ns=start_ns + _SECOND_NS,
            start_utc_ns=self._clock.boot_zero_utc_ns() + start_ns, is_utc_known=is_known,
        )  # fmt: skip
        self._answer = second, basis, is_known, reason is None
        return reason is None
