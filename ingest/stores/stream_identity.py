"""Whose periods a stream holds: what a store gives a number to."""

from __future__ import annotations

from dataclasses import dataclass

from contract.wire.messages import Birth
from contract.wire.parts import IN_TIME

__all__ = ["StreamIdentity", "StreamKey", "identity_of_birth"]

StreamKey = tuple[str, int, int]
"""Node, run and part: a batch's or a gap's `key`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamIdentity:
    """One (node, run, part) of a room, and where its periods lie on the boot clock."""

    site: str
    room: str
    node: str
    run: int
    part: int = IN_TIME
    """See `contract/wire/parts.py`."""
    run_boot_ns: int
    """Boot clock at the start of seq 0."""
    period_ns: int

    @property
    def key(self) -> StreamKey:
        return self.node, self.run, self.part


def identity_of_birth(site: str, room: str, birth: Birth) -> StreamIdentity:
    """The stream of a run that has been born."""
    return StreamIdentity(
        site=site, room=room, node=birth.node, run=birth.run, run_boot_ns=birth.run_boot_ns,
        period_ns=birth.period_ns,
    )  # fmt: skip
