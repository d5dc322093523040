"""What commands ask of the authority stands in the audit log, the code itself nowhere."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from contract.errors import LinkError, StoreError, UsageError
from ingest import room_command
from ingest.commissioning import node_command
from roomtone.demo.settings_files import toml
from school import open_school

from .conftest import Served, enrol_kit

Command = Callable[..., list[str]]


@pytest.fixture
def config(tmp_path: Path, served: Served) -> Path:
    path = tmp_path / "server.toml"
    sockets = str(served.authority.settings.socket_dir)
    authority = {"socket_dir": sockets, "address": "server.example"}
    path.write_text(
        toml({"site": "school", "data_dir": str(tmp_path / "data")}, authority=authority)
    )
    return path


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    def call(command: ModuleType, *words: str) -> list[str]:
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        assert command.run(parser.parse_args([*words, "--config", str(config)])) == 0
        return capsys.readouterr().out.splitlines()

    return call


def recorded(config: Path) -> list[str]:
    with closing(open_school(config.parent / "data")) as school:
        return [each.sentence for each in school.audit.latest(100)[::-1]]


@pytest.fixture
def edge_toml(tmp_path: Path) -> str:
    path = tmp_path / "edge.toml"
    path.write_text('node = "pi-1"\n')
    return str(path)


def test_a_code_and_its_end_are_entries(run: Command, config: Path, edge_toml: str) -> None:
    said = run(node_command, "code", "pi-1", "--room", "r1", "--settings", edge_toml)
    code = said[0].split(",")[0].removeprefix("code ").replace(" ", "")
    assert code.isdecimal()
    run(node_command, "revoke", "pi-1")
    assert recorded(config) == [
        "The command “roomtone node” made a code with which a Pi becomes kit pi-1 in room r1",
        "The command “roomtone node” locked out kit pi-1 in room r1",
    ]
    with closing(open_school(config.parent / "data")) as school:
        entries = school.audit.latest(100)
    assert [dict(each.detail) for each in entries] == [{"room": "r1"}] * 2
    assert not [each for each in entries if each.thing_id != "pi-1"]


def test_a_code_of_a_described_kit_is_an_entry(run: Command, config: Path) -> None:
    run(room_command, "add", "room-12", "--seats", "12")
    run(room_command, "code", "room-12-kit")
    assert recorded(config)[-1] == (
        "The command “roomtone room” made a code with which a Pi becomes kit room-12-kit in room "
        "room-12"
    )


def test_what_the_authority_refuses_is_no_entry(run: Command, config: Path, edge_toml: str) -> None:
    with pytest.raises(UsageError, match="does not keep the site nowhere"):
        run(
            node_command,
            "code",
            "pi-1",
            "--room",
            "r1",
            "--site",
            "nowhere",
            "--settings",
            edge_toml,
        )
    with pytest.raises(UsageError, match="There is no node pi-9"):
        run(node_command, "revoke", "pi-9")
    assert recorded(config) == []


def test_a_kit_that_is_still_connected_is_an_entry_already(
    run: Command, config: Path, served: Served
) -> None:
    enrol_kit(served.authority)
    with pytest.raises(LinkError, match="has not locked pi-1 out within 0 s"):
        run(node_command, "revoke", "pi-1", "--timeout", "0")
    assert recorded(config) == ["The command “roomtone node” locked out kit pi-1 in room r1"]


def test_without_a_database_a_kit_is_locked_out_and_no_code_is_made(
    run: Command, config: Path, served: Served, edge_toml: str
) -> None:
    enrol_kit(served.authority)
    (config.parent / "data").write_text("no directory")
    with pytest.raises(StoreError):
        run(node_command, "code", "pi-2", "--room", "r1", "--settings", edge_toml)
    with pytest.raises(StoreError):
        run(node_command, "revoke", "pi-1")
    (node,) = served.client.nodes()
    assert (node.node, node.revoked_at is not None) == ("pi-1", True)
