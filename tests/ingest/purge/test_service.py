"""A purge while ingest runs behind a real broker, and a node that still holds a copy."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from contract.clock import SystemClock
from contract.topics import ingest_state
from contract.wire.messages import Ack
from ingest.purge import command as purge_command
from ingest.purge.requests import PurgeFolder, PurgeRequest
from ingest.stores import open_period_reader
from tests.ingest.conftest import Client, RunningIngest
from tests.ingest.node import Node, Sent

SECOND = 1_000_000_000


def test_a_copy_that_waits_at_a_node_is_acknowledged_and_not_kept(
    client: Callable[..., Client], run_ingest: Callable[..., RunningIngest], tmp_path: Path
) -> None:
    node = Node()
    starts_ns = SystemClock().utc_ns() - 3_600 * SECOND
    kit = client("kit-1", node.topic("ack"), ingest_state("school"))
    ingest = run_ingest()
    assert ingest.ingest.ready.wait(60)

    def send(message: Sent) -> None:
        kit.link.publish(message.topic, message.payload, retain=message.is_retained)

    def acked(without_hole: int) -> None:
        kit.message(
            node.topic("ack"), lambda payload: Ack.decode(payload).without_hole >= without_hole
        )

    send(node.birth())
    send(node.timebase(starts_ns - node.run_boot_ns))
    send(node.batch(0, 10, waited_ms=None))
    acked(9)
    config = tmp_path / "server.toml"
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path / "data"}"\n', encoding="utf-8")
    parser = argparse.ArgumentParser()
    purge_command.add_arguments(parser)
    words = ["--config", str(config), "--room", "r1", "--yes"]
    assert purge_command.run(parser.parse_args(words)) == 0
    send(node.batch(5, 10, waited_ms=None))  # half of it was never sent before
    send(node.batch(4_000, 5, waited_ms=None))  # after the purge
    ack = Ack.decode(
        kit.message(node.topic("ack"), lambda payload: (4_000, 4_004) in Ack.decode(payload).above)
    )
    assert ack.without_hole >= 14
    with closing(open_period_reader(tmp_path / "data")) as reader:
        (stream,) = reader.streams("r1")
        (periods,) = reader.read(stream.id, 0, 10_000)
        assert periods.seqs.tolist() == list(range(4_000, 4_005))


def test_rubbish_among_the_requests_neither_ends_nor_hangs_ingest(
    run_ingest: Callable[..., RunningIngest], tmp_path: Path
) -> None:
    purges = tmp_path / "data" / "purges"
    purges.mkdir(parents=True)
    os.mkfifo(purges / "00000000000000ff.json")
    late = {"id": "00000000000000fe", "asked_utc_ns": 1, "room": "r1", "to_utc_ns": 1 << 63}
    (purges / "00000000000000fe.json").write_text(json.dumps(late), encoding="utf-8")
    ingest = run_ingest()
    assert ingest.ingest.ready.wait(60)
    folder = PurgeFolder(tmp_path / "data")
    good = PurgeRequest(id="00000000000000fd", asked_utc_ns=1, room="r1", to_utc_ns=2)
    folder.ask(good)
    until = SystemClock().elapsed_ns() + 60 * SECOND
    while folder.done(good, "ingest") is None:
        assert SystemClock().elapsed_ns() < until
    assert sorted(path.name for path in (purges / "aside").glob("*.json")) == [
        "00000000000000fe.json", "00000000000000ff.json",
    ]  # fmt: skip
