"""Rows that were moved between pages leave copies behind, which must go as well."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from contract.wire.payload import Batch, Layout
from ingest.stores import open_period_store
from ingest.stores.records import Arrival, Purge, Tick
from ingest.stores.upkeep import purging, sealing

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND
LAYOUT = Layout(tuple(range(1, 4)))
N = 600


def purged_pages(directory: Path) -> tuple[int, int]:
    """How many rows of a purged room, and of another one, are in any file afterwards.

    Rooms of 3 and of 30 seats, whose backlogs come in without order: pages are split again and
    again, with rows of two sizes.
    """
    random = np.random.default_rng(2)
    layouts = LAYOUT, Layout(tuple(range(1, 31)))
    values = [random.integers(0, 65_000, (N, layout.width), dtype=np.uint16) for layout in layouts]
    order = [divmod(each, 2) for each in random.permutation(2 * N).tolist()]
    with closing(open_period_store(directory)) as store:
        for at in range(0, 2 * N, 5):
            arrivals = [
                Arrival(site="s", room=f"r{room}", is_live=False, message=Batch(
                    node=f"pi-{room}", run=1, first_seq=seq, boot_ns=seq * SECOND,
                    period_ns=SECOND, synchronised=True, waited_ms=None, layout=layouts[room],
                    values=values[room][seq : seq + 1],
                ))
                for seq, room in order[at : at + 5]
            ]  # fmt: skip
            store.commit(Tick(received_utc_ns=UTC_NS, arrivals=arrivals))
        (*_, done) = store.purge(Purge(id="p", room="r0", to_utc_ns=UTC_NS))
        assert done.periods == N
        files = b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())
        (other,) = store.streams("r1")
        (periods,) = store.read(other.id, 0, N)
        assert periods.seqs.tolist() == list(range(N))
    gone, left = (sum(row.tobytes()[10:42] in files for row in rows) for rows in values)
    return gone, left


def test_no_page_holds_a_copy_of_a_row_that_was_moved(tmp_path: Path) -> None:
    assert purged_pages(tmp_path) == (0, N)


def test_without_writing_the_file_anew_there_would_be_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_rewrite", lambda _: None)
    gone, left = purged_pages(tmp_path)
    assert gone > 0  # if SQLite wipes these one day, the file need not be written anew
    assert left == N


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
