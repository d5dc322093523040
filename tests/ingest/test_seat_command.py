"""A seat opts out by a command, and the doctor sees whether its kit has heard of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.errors import UsageError
from contract.finding import Finding
from contract.wire.messages import CborMessage, Config, ConfigReported
from ingest.doctor import config as doctor_config
from ingest.doctor.config import config_findings
from ingest.seat_command import add_arguments, run
from ingest.settings import ServerSettings
from tests.ingest.node import Node

NODE = Node()
Command = Callable[..., list[str]]


@pytest.fixture
def seat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    config = tmp_path / "server.toml"
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path}/data"\n')
    parser = argparse.ArgumentParser()
    add_arguments(parser)

    def call(*words: str) -> list[str]:
        assert run(parser.parse_args([*words, "--config", str(config)])) == 0
        return capsys.readouterr().out.splitlines()

    return call


def test_a_seat_opts_out_is_listed_and_opts_in_again(seat: Command) -> None:
    assert seat("list") == []
    said = seat("opt-out", "Room 12:4")
    assert said[0].startswith("Seat 4 of room room-12 is sensed no more")
    assert "purge --seat room-12:4" in said[-1]
    seat("opt-out", "room-12:11")
    assert seat("list") == ["room-12:4", "room-12:11"]
    seat("opt-in", "room-12:4")
    assert seat("list") == ["room-12:11"]
    with pytest.raises(UsageError, match="has not opted out"):
        seat("opt-in", "room-12:4")


@pytest.mark.parametrize("text", ("room-12", "room-12:", ":4", "room-12:0", "room-12:256", "r:x"))
def test_what_names_no_seat_is_refused(seat: Command, text: str) -> None:
    with pytest.raises(UsageError, match="names no seat"):
        seat("opt-out", text)
    assert seat("list") == []


def found(
    monkeypatch: pytest.MonkeyPatch, *opted_out: int, **retained: CborMessage | bytes
) -> list[Finding]:
    """What the doctor says when this stands retained of the node, by kind."""
    said = {
        NODE.topic(kind.replace("_", "/")): one if isinstance(one, bytes) else one.encode()  # type: ignore[arg-type]
        for kind, one in retained.items()
    }
    monkeypatch.setattr(doctor_config, "retained", lambda *_: (said, None))
    broker = ServerSettings(site="school").broker
    return list(config_findings(broker, "school", [("r1", number) for number in opted_out]))


UP = NODE.birth().payload
PLAIN = Config(revision=7, lessons=())
WITHOUT_4 = Config(revision=7, lessons=(), excluded_seats=(4,))


def runs(revision: int) -> ConfigReported:
    return ConfigReported(revision=revision, is_sampling=False)


def test_a_node_that_runs_what_is_meant_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = found(monkeypatch, state=UP, config=PLAIN, config_reported=runs(7))
    assert (one.state, one.said) == ("fine", "it runs version 7")
    (one,) = found(monkeypatch, 4, state=UP, config=WITHOUT_4, config_reported=runs(7))
    assert (one.state, one.said) == ("fine", "it runs version 7; without seat 4, which opted out")


def test_a_node_that_has_not_heard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    (late,) = found(monkeypatch, state=UP, config=PLAIN, config_reported=runs(6))
    assert late.state == "note"
    assert "runs version 6 of its configuration; the current one is 7" in late.said
    (silent,) = found(monkeypatch, state=UP, config=PLAIN)
    assert "has not reported" in silent.said
    (late,) = found(monkeypatch, 4, state=UP, config=WITHOUT_4, config_reported=runs(6))
    assert late.state == "wrong"
    assert "; seat 4 opted out and may still be sensed" in late.said
    (untold,) = found(monkeypatch, 4, state=UP, config=PLAIN, config_reported=runs(7))
    assert (untold.state, "does not say yet" in untold.said) == ("wrong", True)


def test_a_node_that_is_off_matters_only_where_a_seat_opted_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    off = NODE.death().payload
    assert found(monkeypatch, state=off, config=PLAIN, config_reported=runs(6)) == []
    (late,) = found(monkeypatch, 4, state=off, config=WITHOUT_4, config_reported=runs(6))
    assert late.state == "wrong"
    assert found(monkeypatch, state=UP, config=b"junk") == []
