"""What a store does at each of its limits; docs/store.md says so."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from contract.files import sqlite_file
from contract.wire.payload import Batch, Layout
from ingest.stores import open_period_store
from ingest.stores.format.schema import VERSION
from ingest.stores.records import Arrival, Tick

SECOND = 1_000_000_000


def tick(seq: int, *, run: int = 1, seats: int = 3, n: int = 1) -> Tick:
    layout = Layout(tuple(range(1, seats + 1)))
    batch = Batch(
        node="pi", run=run, first_seq=seq, boot_ns=seq * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=layout,
        values=np.full((n, layout.width), 7, np.uint16),
    )  # fmt: skip
    arrival = Arrival(site="s", room="r", message=batch, is_live=False)
    return Tick(received_utc_ns=1, arrivals=[arrival])


def test_a_log_that_a_long_reader_has_let_grow_is_cut_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "_LOG_BYTES", 1 << 16)
    monkeypatch.setattr(sqlite_file, "_CHECKPOINT_PAGES", 8)
    log = tmp_path / "main.db-wal"
    with closing(open_period_store(tmp_path)) as store:
        store.commit(tick(0))
        connection = sqlite_file.open_database(tmp_path / "main.db", "", VERSION)
        with closing(connection) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM live").fetchone()
            for seq in range(1, 400, 10):
                store.commit(tick(seq, n=10, seats=30))
            assert log.stat().st_size > 1 << 18
            reader.execute("COMMIT")
        for seq in range(1_000, 1_003):
            store.commit(tick(seq))
        assert log.stat().st_size <= 1 << 16
        assert len(store.kept(1)) == 404
