"""What several tests of the edge agent build on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contract.messages import Timebase
from contract.payload import Batch, Gap, Layout
from edge_agent.outbox import Outbox

SECOND = 1_000_000_000
LAYOUT = Layout((1, 2, 3))


@pytest.fixture
def batch() -> Callable[..., Batch]:
    """Makes a batch whose values tell its run and seqs."""

    def make(first_seq: int, n: int = 1, run: int = 1) -> Batch:
        values = np.zeros((n, LAYOUT.width), np.uint16)
        values[:] = ((first_seq + np.arange(n)) % 60_000)[:, None]
        return Batch(
            node="pi-1", run=run, first_seq=first_seq, boot_ns=first_seq * SECOND,
            period_ns=SECOND, synchronised=True, waited_ms=None, layout=LAYOUT, values=values,
        )  # fmt: skip

    return make


@pytest.fixture
def gap() -> Callable[..., Gap]:
    def make(first_seq: int, n: int, reason: str = "off", run: int = 1) -> Gap:
        return Gap(
            node="pi-1", run=run, first_seq=first_seq, n=n, boot_ns=first_seq * SECOND,
            period_ns=SECOND, synchronised=True, seats=LAYOUT.seats,
            reason=reason,  # type: ignore[arg-type]
        )  # fmt: skip

    return make


def timebase(run: int = 1) -> bytes:
    return Timebase(
        node="pi-1", run=run, boot="a", boot_ns=5, utc_ns=7, error_ns=0, synchronised=True
    ).encode()


@pytest.fixture
def make_outbox(tmp_path: Path) -> Callable[..., Outbox]:
    """Makes outboxes on one directory; `run` dates its segments. They are not synced."""

    def make(run: int = 1, *, max_bytes: int = 8 << 20, **disk: object) -> Outbox:
        return Outbox(
            directory=tmp_path / "outbox", max_bytes=max_bytes, node="pi-1",
            timebase=lambda: timebase(run), **{"sync": lambda _: None} | disk,  # type: ignore[arg-type]
        )  # fmt: skip

    return make
