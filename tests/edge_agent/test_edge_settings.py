"""edge.toml: the example holds every key, and its commented values are the defaults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from contract.errors import ConfigurationError
from edge_agent.settings import EdgeSettings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "edge.example.toml"
MINIMAL: dict[str, object] = {
    "site": "school", "room": "r1", "node": "pi-1",
    "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [1, 2]}],
}  # fmt: skip


def refused(**changes: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        EdgeSettings.checked(MINIMAL | changes, where="edge.toml")
    return str(caught.value)


def hub(name: str, port: str, *seats: int) -> dict[str, object]:
    return {"name": name, "port": port, "seats": list(seats)}


def test_the_example_can_be_used_as_it_is() -> None:
    settings = EdgeSettings.load(EXAMPLE)
    assert settings.seats


def test_each_commented_value_of_the_example_is_the_default_and_every_key_is_there() -> None:
    text = re.sub(r"(?m)^# ?(?=[a-z_]+ = )", "", EXAMPLE.read_text(encoding="utf-8"))
    fields = tomllib.loads(text)
    assert EdgeSettings.checked(fields, where="example") == EdgeSettings.load(EXAMPLE)

    def keys(model: type[BaseModel], given: dict[str, object], path: str) -> None:
        for name, field in model.model_fields.items():
            pins = {"button_pin", "led_pin"}
            if name in {"ca_file", "certificate_file", "key_file", "source"} | pins:
                assert re.search(rf"(?m)^# {name}: ", text)
                continue
            assert name in given, f"{path}{name} is not in the example"
            assert field.description, f"{path}{name} has no description"
            value = given[name]
            if isinstance(value, list) and value and isinstance(value[0], dict):
                value = value[0]
            inner = getattr(EdgeSettings.load(EXAMPLE), name, None)
            if isinstance(inner, tuple):
                inner = inner[0]
            if isinstance(value, dict) and isinstance(inner, BaseModel):
                keys(type(inner), value, f"{path}{name}.")

    keys(EdgeSettings, fields, "")


def test_every_setting_stands_in_the_docs() -> None:
    text = (ROOT / "docs" / "edge.md").read_text(encoding="utf-8")
    settings = EdgeSettings.load(EXAMPLE)
    for table in (settings, settings.hub[0], settings.broker, settings.sound, settings.outbox,
                  settings.delivery):  # fmt: skip
        for name in type(table).model_fields:
            assert f"`{name}`" in text or f"[{name}]" in text, name


@pytest.mark.parametrize(("old", "new"), EdgeSettings.renamed.items())
def test_a_key_that_was_renamed_is_refused_with_its_new_name(old: str, new: str) -> None:
    (table, old_key), (_, new_key) = old.split("."), new.split(".")
    assert f"edge.toml: {old} is called {new} now" in refused(**{table: {old_key: 500}})
    settings = EdgeSettings.checked(MINIMAL | {table: {new_key: 500}}, where="edge.toml")
    assert getattr(getattr(settings, table), new_key) == 500


def test_clashes_are_refused_by_name() -> None:
    assert refused(hub=[hub("hub-a", "/dev/a", 1), hub("hub-b", "/dev/b", 2, 1)]) == (
        "edge.toml: hub.seats is 1, expected each value once."
    )
    assert "hub.name is 'hub-a'" in refused(
        hub=[hub("hub-a", "/dev/a", 1), hub("hub-a", "/dev/b", 2)]
    )
    assert "hub.port is '/dev/a'" in refused(
        hub=[hub("hub-a", "/dev/a", 1), hub("hub-b", "/dev/a", 2)]
    )


def i2c(name: str, seat: int, **more: object) -> dict[str, object]:
    where = {"seat": seat, "sensor": "lis3dh", "address": 0x18}
    return {"kind": "i2c", "name": name, "seat": [where]} | more


def test_sources_of_all_kinds_are_one_list_in_which_nothing_clashes() -> None:
    both = MINIMAL | {"source": [i2c("table-1", 3, bus=0), i2c("table-2", 4)]}
    settings = EdgeSettings.checked(both, where="edge.toml")
    assert settings.seats == (1, 2, 3, 4)
    assert [source.kind for source in settings.sources] == ["hub", "i2c", "i2c"]
    alone = EdgeSettings.checked(MINIMAL | {"hub": [], "source": [i2c("t", 9)]}, where="x")
    assert alone.seats == (9,)
    assert "source.seats is 2, expected each value once" in refused(source=[i2c("t", 2)])
    assert "source.name is 'hub-a'" in refused(source=[i2c("hub-a", 3)])
    assert "source.bus is 1" in refused(source=[i2c("t", 3), i2c("u", 4)])


def test_a_source_that_does_not_fit_is_named_with_its_place() -> None:
    assert refused(source=[i2c("t", 3), {"kind": "radar", "name": "r"}]).startswith(
        "edge.toml: source.1.kind is 'radar', expected "
    )
    assert "source.0.kind is 'microphone'" in refused(source=[{"kind": "microphone"}])
    assert "source.0.seat.0.address is 300" in refused(
        source=[{**i2c("t", 3), "seat": [{"seat": 3, "sensor": "lis3dh", "address": 300}]}]
    )
    assert refused(source=[i2c("t", 3, colour="red")]) == (
        "edge.toml: there is no key source.0.colour; the example file has those there are."
    )
    assert refused(source=[i2c("t", 3, bus="one")]).startswith("edge.toml: source.0.bus is 'one'")
    assert "source.0.kind is None" in refused(source=["i2c"])
    assert "source is" in refused(source="i2c")


def test_the_sources_in_the_example_and_the_docs_can_be_used() -> None:
    text = re.sub(r"(?m)^#   ", "", EXAMPLE.read_text(encoding="utf-8"))
    found = EdgeSettings.checked(tomllib.loads(text), where="example")
    assert [source.kind for source in found.source] == ["i2c"]
    for name in ("edge.md", "sound-levels.md"):
        page = (ROOT / "docs" / name).read_text(encoding="utf-8")
        blocks = re.findall(r"(?s)```toml\n(.*?)```", page)
        assert blocks
        for block in blocks:
            EdgeSettings.checked(MINIMAL | tomllib.loads(block), where=name)
    # The settings of meters stand in a table, as inline code.
    (rows,) = re.findall(r"(?s)\| meter \| settings \|.*?\n\n", page)
    for row in rows.strip().splitlines()[3:]:
        text = "\n".join(re.findall(r"`(\w+ = [^`]+)`", row))
        meter = {"kind": "meter", "name": "meter", "port": "/dev/m"} | tomllib.loads(text)
        EdgeSettings.checked(MINIMAL | {"source": [meter]}, where=name)


def test_a_broker_elsewhere_needs_tls_or_a_plain_word() -> None:
    assert "broker.ca_file is None" in refused(broker={"host": "broker.example"})
    for broker in (
        {"host": "127.0.0.5"}, {"host": "::1"}, {"host": "localhost"},
        {"host": "10.0.0.1", "allow_plain": True}, {"host": "10.0.0.1", "ca_file": "ca.pem"},
    ):  # fmt: skip
        assert EdgeSettings.checked(MINIMAL | {"broker": broker}, where="x").broker


@pytest.mark.parametrize(
    ("changes", "expected"),
    (
        ({"room": "Room 1"}, "edge.toml: room is 'Room 1', expected"),
        ({"room": "ingest"}, "reserved"),
        ({"hub": []}, "hub is []"),
        ({"hub": [hub("hub-a", "/dev/a", 0)]}, "hub.0.seats.0 is 0"),
        ({"hub": [hub("hub-a", "/dev/a", *range(1, 10))]}, "hub.0.seats is"),
        ({"sound": {"source": "radio"}}, "sound.source is 'radio'"),
        ({"outbox": {"max_bytes": 5}}, "outbox.max_bytes is 5"),
        ({"colour": "red"}, "there is no key colour"),
        ({"delivery": {"spill_s": -1}}, "delivery.spill_s is -1"),
    ),
)
def test_what_does_not_fit_is_named(changes: dict[str, object], expected: str) -> None:
    assert expected in refused(**changes)
