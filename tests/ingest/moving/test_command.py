"""`roomtone site` as a person uses it, with a real broker for the claim."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import ManualClock, SystemClock
from contract.errors import LinkError, UsageError
from ingest.claims.claim import SiteClaim
from ingest.moving.command import add_arguments, run
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from ingest.stores import open_period_reader, open_period_store
from roomtone.demo.broker import free_port
from roomtone.demo.settings_files import toml
from tests.ingest.conftest import RunningBroker
from tests.ingest.node import Node

pytestmark = pytest.mark.broker

NORTH, SOUTH = (Node(site=site, room=f"{site}-1", node=f"{site}-a") for site in ("north", "south"))
Command = Callable[..., list[str]]


def config(folder: Path, name: str, port: int, *sites: str) -> Path:
    path = folder / f"{name}.toml"
    top = {"site": sites[0], "more_sites": list(sites[1:]), "data_dir": str(folder / name)}
    path.write_text(toml(top, broker={"port": port}))
    return path


@pytest.fixture
def old(tmp_path: Path, broker: RunningBroker) -> Path:
    with closing(open_period_store(tmp_path / "old")) as store:
        keeper = Keeper(
            store=store, site="north", more_sites=("south",), clock=ManualClock(),
            settings=IngestSettings(),
        )  # fmt: skip
        for node in (NORTH, SOUTH):
            keeper.keep([node.birth(), node.batch(0, 10)])
    return config(tmp_path, "old", broker.settings.port, "south")


@pytest.fixture
def site(capsys: pytest.CaptureFixture[str]) -> Command:
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def call(*words: object) -> list[str]:
        assert run(parser.parse_args(list(map(str, words)))) == 0
        return capsys.readouterr().out.splitlines()

    return call


def test_a_site_is_listed_moved_and_listed_there(
    old: Path, site: Command, broker: RunningBroker, tmp_path: Path
) -> None:
    assert site("list", "--config", old) == [
        "north  1 rooms, 1 kits, 1 runs  (these settings do not name it)",
        "south  1 rooms, 1 kits, 1 runs",
    ]
    new = config(tmp_path, "new", broker.settings.port, "west", "north")
    last = site("move", "north", "--config", old, "--to", new)[-1]
    assert last == (
        f"north: 1 runs with 10 periods, and the scores of 0 lessons, are in {tmp_path}/new now"
    )
    assert site("list", "--config", old) == ["south  1 rooms, 1 kits, 1 runs"]
    assert site("list", "--config", new) == [
        "north  1 rooms, 1 kits, 1 runs", "west  0 rooms, 0 kits, 0 runs",
    ]  # fmt: skip


def test_a_site_that_an_ingest_keeps_does_not_move(
    old: Path, site: Command, broker: RunningBroker, tmp_path: Path
) -> None:
    claim = SiteClaim(
        site="north", broker=broker.settings, clock=SystemClock(), instance="keeps-it",
        place="keeper:/srv/north", started_utc_ns=1,
    )  # fmt: skip
    claim.start()
    try:
        while not claim.is_held:
            claim._thread.join(0.01)
        new = config(tmp_path, "new", broker.settings.port, "north")
        with pytest.raises(LinkError, match="keeper:/srv/north"):
            site("move", "north", "--config", old, "--to", new)
    finally:
        claim.stop()
    with closing(open_period_reader(tmp_path / "old")) as reader:
        assert {stream.site for stream in reader.streams()} == {"north", "south"}


def test_what_can_not_be_done_is_said_in_one_sentence(
    old: Path, site: Command, tmp_path: Path
) -> None:
    port = free_port()
    with pytest.raises(UsageError, match="does not name the site north"):
        site("move", "north", "--config", old, "--to", config(tmp_path, "new", port, "west"))
    away = config(tmp_path, "old", port, "south")
    with pytest.raises(LinkError, match="nothing was moved"):
        site(
            "move", "north", "--timeout", "0.5", "--config", away,
            "--to", config(tmp_path, "new", port, "north"),
        )  # fmt: skip
    with pytest.raises(UsageError, match=r"no main\.db"):
        site("list", "--config", config(tmp_path, "empty", port, "north"))
