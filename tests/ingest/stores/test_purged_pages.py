"""Rows that were moved between pages leave copies behind, which must go as well."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from contract.payload import Batch, Layout
from ingest.stores import open_period_store, sealing
from ingest.stores.records import Arrival, Purge, Tick

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND
LAYOUT = Layout(tuple(range(1, 4)))
N = 600


def test_no_page_holds_a_copy_of_a_row_that_was_moved(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    values = random.integers(0, 65_000, (2, N, LAYOUT.width), dtype=np.uint16)
    with closing(open_period_store(tmp_path)) as store:
        # Out of order, as backlogs of two rooms come in: pages are split again and again.
        for first in random.permutation(np.arange(0, N, 3)).tolist():
            for room in random.permutation(2).tolist():
                batch = Batch(
                    node=f"pi-{room}", run=1, first_seq=first, boot_ns=first * SECOND,
                    period_ns=SECOND, synchronised=True, waited_ms=None, layout=LAYOUT,
                    values=values[room, first : first + 3],
                )  # fmt: skip
                arrival = Arrival(site="s", room=f"r{room}", message=batch, is_live=False)
                store.commit(Tick(received_utc_ns=UTC_NS, arrivals=[arrival]))
        wanted = Purge(id="p", room="r0", to_utc_ns=UTC_NS)
        (*_, done) = store.purge(wanted)
        assert done.periods == N
        files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        (other,) = store.streams("r1")
        (periods,) = store.read(other.id, 0, N)
        assert periods.seqs.tolist() == list(range(N))
    rows = [[row.tobytes()[10:42] in files for row in room] for room in values]
    assert not any(rows[0])
    assert all(rows[1])


def test_chunks_that_a_crash_left_unlisted_go_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(6).integers(0, 65_000, (N, LAYOUT.width), dtype=np.uint16)
    batch = Batch(
        node="pi-0", run=1, first_seq=0, boot_ns=0, period_ns=SECOND, synchronised=True,
        waited_ms=None, layout=LAYOUT, values=values,
    )  # fmt: skip
    arrival = Arrival(site="s", room="r0", message=batch, is_live=False)

    def crashes(_: object) -> NoReturn:
        raise KeyboardInterrupt

    with closing(open_period_store(tmp_path)) as store:
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=[arrival]))
        with monkeypatch.context() as crash:
            crash.setattr(sealing, "transaction", crashes)
            with pytest.raises(KeyboardInterrupt):
                store.seal(before_utc_ns=UTC_NS + 2 * 86_400 * SECOND)
        assert len(list((tmp_path / "days").iterdir())) == 2
        (*_, done) = store.purge(Purge(id="p", room="r0", to_utc_ns=UTC_NS))
        assert done.periods >= N
        assert list((tmp_path / "days").iterdir()) == []
        assert store.read(1, 0, N) == []
