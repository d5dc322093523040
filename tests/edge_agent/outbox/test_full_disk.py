"""A disk that is really full: a small tmpfs, filled by somebody else. Needs root to mount it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.ranges import SeqRanges
from contract.wire.messages import Ack
from contract.wire.payload import Batch, Gap, decode
from edge_agent.outbox.run_book import AHEAD, RunBook, RunNote, read_notes
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.settings import DeliverySettings

SECOND = 1_000_000_000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "outbox"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "roomtone-test", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_nothing_is_lost_while_the_disk_is_full_but_for_a_gap_when_memory_is_full_too(
    small_disk: Path,
    make_outbox: Callable[..., Outbox],
    batch: Callable[..., Batch],
    caplog: pytest.LogCaptureFixture,
) -> None:
    outbox = make_outbox()
    book = RunBook(
        path=small_disk / "runs",
        run=RunNote(run=1, boot="b", run_boot_ns=0, period_ns=SECOND, seats=(1, 2, 3)),
    )
    delivery = Delivery(
        run=1, settings=DeliverySettings(max_in_memory=200), outbox=outbox, book=book
    )
    delivery.tick(0)
    hog = small_disk / "hog"
    for seq in range(1200):
        if seq == 100:
            hog.write_bytes(bytes(4096 * (_free(small_disk) // 4096)))
            assert _free(small_disk) == 0
        if seq == 900:
            hog.unlink()
        now_ns = (seq + 1) * SECOND
        delivery.add(batch(seq), counts=b"\3", now_ns=now_ns)
        delivery.tick(now_ns)
    books = delivery.counters()
    assert books.sampled == 3600 == books.waiting + books.gap
    assert 0 < books.gap <= 3 * 500
    assert "No space left on device" in caplog.text
    assert "were given up" in caplog.text
    assert "can be used again" in caplog.text
    # The notes need no room: the file was filled when it was made.
    assert "run book" not in caplog.text
    assert read_notes(small_disk / "runs")[0].until_seq >= 1200 - AHEAD
    reported = SeqRanges()
    given_up = 0
    delivery.opened()
    for tick in range(2_000):
        sent: list[Batch | Gap] = []
        now_ns = (1300 + tick) * SECOND
        delivery.send(now_ns, lambda data, to=sent: bool(to.append(decode(data))) or True)
        for message in sent:
            reported.add(message.first_seq, message.last_seq)
            given_up += message.n if isinstance(message, Gap) else 0
        delivery.acknowledge(
            Ack(run=1, without_hole=reported.without_hole(), above=tuple(reported)[:64]),
            now_ns=now_ns,
        )
        if delivery.is_empty:
            break
    assert list(reported) == [(0, 1199)]
    assert given_up * 3 == books.gap
    book.close()
    outbox.close()


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
