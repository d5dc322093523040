"""Outboxes that earlier versions left: a newer edge sends what is in them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.wire.messages import Ack, Timebase
from contract.wire.payload import decode
from edge_agent.outbox.store import Outbox

FORMATS = Path(__file__).parents[2] / "golden" / "formats"


@pytest.mark.parametrize("name", sorted(path.name for path in FORMATS.iterdir() if path.is_dir()))
def test_an_older_outbox_is_sent_as_it_is(
    name: str, make_outbox: Callable[..., Outbox], tmp_path: Path
) -> None:
    shutil.copytree(FORMATS / name / "outbox", tmp_path / "outbox")
    expected = json.loads((FORMATS / name / "expected.json").read_text(encoding="utf-8"))["outbox"]
    outbox = make_outbox(run=99)
    outbox.open()
    parts = [entries for (run, _), entries in outbox.index._entries.items() if run == 6]
    found = [outbox.read(entry) for entries in parts for entry in entries]
    assert [payload.hex() for payload in found if payload is not None] == [
        each["payload"] for each in expected
    ]
    assert outbox.damaged == 0
    (record,) = outbox.earlier_timebases(99)
    assert Timebase.decode(record).boot == "boot-0"
    for message in [decode(bytes.fromhex(each["payload"])) for each in expected]:
        assert outbox.index.entries(6, message.part)
    for key in {decode(bytes.fromhex(each["payload"])).key for each in expected}:
        outbox.acknowledge(Ack(run=key[1], part=key[2], without_hole=99))
    assert not len(outbox.index)
    outbox.close()
