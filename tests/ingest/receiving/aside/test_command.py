"""`roomtone aside` as a person uses it; playing again is tested with ingest in test_service."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import LinkError, StoreError, UsageError
from ingest.receiving.aside.command import add_arguments, run
from ingest.receiving.aside.replay import ReplayRequest, replay
from ingest.stores import open_period_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.records import Aside, Tick
from roomtone.demo.broker import free_port
from tests.ingest.node import Node, Sent

NODE = Node()
Command = Callable[..., list[str]]


def asides(*messages: Sent) -> Tick:
    return Tick(
        received_utc_ns=1_790_000_000_000_000_000,
        aside=[
            Aside(received_utc_ns=1_790_000_000_000_000_000, topic=m.topic, reason="odd\x1b[31m",
                  payload=m.payload)
            for m in messages
        ],
    )  # fmt: skip


@pytest.fixture
def aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    with closing(open_period_store(tmp_path / "data")) as store:
        store.commit(asides(Sent("t/1", b"hello\x00"), Sent("t/2", b"")))
    config = tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[broker]\nport = {free_port()}\n'
    )
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def call(*words: str) -> list[str]:
        assert run(parser.parse_args(["--config", str(config), *words])) == 0
        return capsys.readouterr().out.splitlines()

    return call


def test_what_is_kept_aside_is_listed_without_control_characters(aside: Command) -> None:
    *lines, count = aside("list")
    assert count == "2 kept aside"
    assert len(lines) == 2
    assert any("2026-09-21 14:13:20 UTC  t/1  6 bytes  odd?[31m" in line for line in lines)
    assert len(aside("list", "--limit", "1")) == 2


def test_one_is_shown_with_its_bytes(aside: Command) -> None:
    lines = aside("show", "1")
    assert lines[1].startswith("000000  68 65 6c 6c 6f 00")
    assert lines[1].endswith("hello.")
    with pytest.raises(UsageError, match="nothing with the id 9 is kept aside"):
        aside("show", "9")


def test_playing_again_needs_ingest(aside: Command) -> None:
    with pytest.raises(LinkError, match=r"Nothing was played again: .* All of it is still kept"):
        aside("replay", "--timeout", "1")


class Crashing(MemoryPeriodStore):
    """Fails at one of its writes."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def _write(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise StoreError("The disk is full.")

    def commit(self, tick: Tick) -> list[int]:
        if tick.arrivals:
            self._write()
        return super().commit(tick)

    def take_aside(self, ids):  # type: ignore[no-untyped-def]
        self._write()
        return super().take_aside(ids)


@pytest.mark.parametrize("at", (1, 2, 3))
def test_nothing_is_lost_when_playing_again_fails_midway(at: int) -> None:
    store = Crashing(at)
    store.commit(asides(NODE.batch(0, 10), NODE.batch(10, 10), Sent("t", b"bad")))
    request = ReplayRequest(id="1")
    for _ in range(2):
        try:
            replay(store, request, site="school", clock=ManualClock())
        except StoreError:
            assert store.count_aside() == 3
    assert list(store.kept(1)) == [(0, 19)]
    assert [one.payload for one in store.aside()] == [b"bad"]
