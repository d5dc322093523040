"""`roomtone node release`: only for a kit that is gone, whose button nobody can press."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import SECOND_NS, ManualClock
from contract.errors import UsageError
from ingest.authority.client import AuthorityClient
from ingest.commissioning.node_command import add_arguments
from ingest.commissioning.release_command import release
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings, ServerSettings
from ingest.stores import open_period_store
from ingest.stores.sqlite.reader import SqlitePeriodReader
from school import open_school
from tests.ingest.node import Node, Sent
from tests.kit_authority import FakeAuthority

HOUR_NS = 3_600 * SECOND_NS
LAST_NS = 1_763_460_300 * SECOND_NS
NODE = Node()
Keep = Callable[..., None]
Ask = Callable[..., list[str]]


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> FakeAuthority:
    fake = FakeAuthority()
    monkeypatch.setattr(AuthorityClient, "nodes", lambda _client: fake.nodes())
    return fake


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    def kept(*sent: Sent) -> None:
        with closing(open_period_store(tmp_path)) as store:
            Keeper(
                store=store, site="school", clock=ManualClock(utc_at_boot_ns=LAST_NS),
                settings=IngestSettings(),
            ).keep([NODE.birth(), NODE.timebase(LAST_NS), *sent])  # fmt: skip

    return kept


@pytest.fixture
def ask(tmp_path: Path, authority: FakeAuthority) -> Ask:
    """Runs the command some hours after the kit was heard; returns what was asked of ingest."""

    def asked(hours: float) -> list[str]:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        args = parser.parse_args(["release", "kit-1", "--timeout", "0"])
        settings = ServerSettings(site="school", data_dir=tmp_path)
        client = AuthorityClient(tmp_path / "admin.sock")
        clock = ManualClock(utc_at_boot_ns=LAST_NS + round(hours * HOUR_NS))
        assert release(client, settings, args, clock) == 0
        with closing(open_school(tmp_path)) as school:
            (entry,) = school.audit.latest(1)
            return [*(each.command for each in school.control.requests()), entry.sentence]

    return asked


def test_a_kit_without_a_report_for_a_day_is_released_and_that_is_recorded(
    keep: Keep, ask: Ask
) -> None:
    keep(NODE.button(5), NODE.death())
    assert ask(25) == [
        "release",
        (
            "The command “roomtone node” gave a command to kit kit-1 in room r1: no longer pause its room "
            "by its button"
        ),
    ]


def test_a_kit_that_was_there_today_is_released_only_once_it_is_locked_out(
    keep: Keep, ask: Ask, authority: FakeAuthority
) -> None:
    keep(NODE.button(5), NODE.death())
    with pytest.raises(UsageError, match="kit-1 was there 3 h ago: switch it on and press"):
        ask(3)
    authority.is_down = True
    with pytest.raises(UsageError, match="roomtone node revoke kit-1"):
        ask(23)
    authority.is_down = False
    authority.revoke("kit-1")
    assert ask(3)[0] == "release"


def test_a_room_whose_runs_change_between_two_reads_is_no_failure(
    keep: Keep, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(NODE.button(5), NODE.death())
    newest = SqlitePeriodReader.newest_runs
    monkeypatch.setattr(SqlitePeriodReader, "newest_runs", lambda *_: [])
    with pytest.raises(UsageError, match="kit-1 was there: switch it on"):
        ask(25)
    monkeypatch.setattr(SqlitePeriodReader, "newest_runs", lambda *of: newest(*of) * 2)
    assert ask(25)[0] == "release"


def test_a_kit_that_is_on_is_not_released(keep: Keep, ask: Ask, authority: FakeAuthority) -> None:
    keep(NODE.button(5))
    authority.revoke("kit-1")
    with pytest.raises(UsageError, match="kit-1 is on: press its button"):
        ask(25)


def test_without_a_pressed_button_there_is_nothing_to_release(keep: Keep, ask: Ask) -> None:
    keep(NODE.button(None), NODE.death())
    with pytest.raises(UsageError, match="does not pause room r1"):
        ask(25)


def test_a_kit_that_never_reported_is_said_to_be_unknown(tmp_path: Path, ask: Ask) -> None:
    open_period_store(tmp_path).close()
    with pytest.raises(UsageError, match="No kit 'kit-1' has reported"):
        ask(25)
