"""Home Assistant beside kits of the simulator: `python -m tests.home_assistant.check HASS FOLDER`.

HASS is Home Assistant's own command. Broker, ingest, edges and hubs are the real programs, at their
own pace: a kit says its health each minute, so the check takes some minutes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from queue import Empty
from typing import Any, Final

from contract.errors import RoomtoneError
from contract.mqtt.link import MqttLink, Received
from contract.settings import BrokerSettings
from ingest.health_topic.home_assistant import SENSORS
from ingest.stores import open_period_reader
from roomtone.demo.broker import broker_command, free_port
from roomtone.demo.page_port import is_taken
from roomtone.demo.programs import Program, Programs, roomtone_command
from roomtone.demo.settings_files import broker_table, toml
from tests.home_assistant.home_assistant import HomeAssistant

SITE: Final = "north"
KITS: Final = {
    "kit-1": ("room-1", {"hub-1": range(1, 9), "hub-2": range(9, 17)}),
    "kit-2": ("room-2", {"hub-3": range(17, 24)}),
}
"""Node → its room, and the simulator's hubs with their seats."""
STOPPED, KILLED = "kit-1", "kit-2"
START_S: Final = 600.0
"""At its first start Home Assistant installs what its integrations need."""
MINUTE_S: Final = 150.0
"""For what comes each minute."""
EXPIRES_S: Final = 300.0
_POLL_S: Final = 0.5


class Check:
    """All programs, and what is expected of them."""

    def __init__(self, hass: Path, folder: Path, programs: Programs) -> None:
        self._folder = folder
        self._programs = programs
        self._broker = BrokerSettings(port=free_port())
        self._home = HomeAssistant(hass, folder / "home-assistant", port=free_port())
        self._published: dict[str, dict[str, Any]] = {}
        """Each kit's last health in JSON."""
        self._edges: dict[str, Program] = {}
        self._began = time.monotonic()

    def run(self) -> None:
        self._start_broker()
        self._start("home-assistant", self._home.command)
        self._wait(self._home.answers, "Home Assistant", START_S)
        self._home.set_up()
        self._home.add_mqtt(self._broker.port)
        (config,) = self._home.ask("get_config")
        self._say(f"Home Assistant {config['version']} is connected to Mosquitto.")
        self._start_hubs()
        for kit in KITS:
            self._start_edge(kit)
        self._nothing_is_made_unless_asked_for()
        link = MqttLink(
            broker=self._broker, client_id="check", will=None,
            subscriptions=(f"roomtone-health/{SITE}/#",),
        )  # fmt: skip
        link.start()
        try:
            self._devices_and_entities_appear(link)
            self._a_kit_that_is_gone_is_unavailable(link)
            self._devices_are_there_after_a_restart(link)
            self._silence_is_unavailable()
            self._a_kit_is_removed_by_two_empty_messages(link)
        finally:
            link.stop()
        complaints = self._home.complaints()
        assert not complaints, "\n".join(complaints)
        self._say("Home Assistant logged no warning of MQTT, of our messages or of statistics.")

    # ------------------------------------------------------------------ what is expected

    def _nothing_is_made_unless_asked_for(self) -> None:
        self._start_ingest("nothing")
        self._wait(lambda: self._kept_health() == set(KITS), "the first health", MINUTE_S)
        assert self._devices() == {}
        assert self._entities() == {}
        self._say("With the default settings two kits' health is kept, and no device is made.")
        self._programs.stop("ingest")

    def _devices_and_entities_appear(self, link: MqttLink) -> None:
        self._start_ingest("home_assistant")
        self._wait(lambda: self._devices().keys() == set(KITS), "two devices")
        self._values_are_those_published(link, *KITS)
        areas, entities = self._home.ask("config/area_registry/list", "config/entity_registry/list")
        rooms = {area["area_id"]: area["name"] for area in areas}
        states = self._home.states()
        for kit, device in self._devices().items():
            found = {
                each["unique_id"].removeprefix(f"roomtone-{SITE}-{kit}-"): each
                for each in entities
                if each["device_id"] == device["id"]
            }
            assert rooms[device["area_id"]] == KITS[kit][0]
            assert (device["manufacturer"], device["model"]) == ("Roomtone", "Classroom kit")
            assert device["sw_version"]
            assert found.keys() == {*SENSORS, "is_sampling"}
            for field, entity in found.items():
                assert entity["entity_category"] == "diagnostic"
                shown = SENSORS.get(field, {"name": "Sampling", "device_class": "running"})
                has = states[entity["entity_id"]]["attributes"]
                assert has["friendly_name"] == f"Kit {kit} {shown['name']}", has
                for key in ("state_class", "device_class"):
                    assert has.get(key) == shown.get(key), has
                if field in SENSORS:
                    assert has["unit_of_measurement"] == shown.get("unit_of_measurement", "seat-s")
        self._say("Each kit is a device in its room, with eight entities and the values published.")

    def _a_kit_that_is_gone_is_unavailable(self, link: MqttLink) -> None:
        self._edges[KILLED].end()
        self._programs.stop(KILLED)
        self._wait(lambda: self._words(KILLED) == {"unavailable"}, "the will of a killed kit")
        assert "unavailable" not in self._words(STOPPED)
        self._programs.stop(STOPPED)
        self._wait(lambda: self._words(STOPPED) == {"unavailable"}, "the end of a stopped kit")
        for kit in KITS:
            self._start_edge(kit)
        self._values_are_those_published(link, *KITS)
        self._say("A killed and a stopped kit become unavailable, and come back.")

    def _devices_are_there_after_a_restart(self, link: MqttLink) -> None:
        self._programs.stop("home-assistant", timeout_s=120)
        self._start("home-assistant", self._home.command)
        self._wait(self._home.answers, "Home Assistant again", START_S)
        self._values_are_those_published(link, *KITS)
        self._say("After Home Assistant's restart they are there with the next minute's values.")

    def _silence_is_unavailable(self) -> None:
        self._programs.stop("ingest")
        self._wait(
            lambda: all(self._words(kit) == {"unavailable"} for kit in KITS),
            "the end of values that nobody renews", EXPIRES_S,
        )  # fmt: skip
        self._say("With ingest stopped, values become unavailable after three minutes.")

    def _a_kit_is_removed_by_two_empty_messages(self, link: MqttLink) -> None:
        """As docs/others-tools.md has it for a kit that does not come back."""
        for topic in (
            f"homeassistant/device/roomtone-{SITE}-{KILLED}/config",
            f"roomtone-health/{SITE}/{KITS[KILLED][0]}/{KILLED}/state",
        ):
            assert link.publish(topic, b"", retain=True)
        self._wait(lambda: self._devices().keys() == {STOPPED}, "the end of a removed kit")
        assert not self._words(KILLED)
        self._say("A kit whose retained messages are removed is gone, with its entities.")

    def _values_are_those_published(self, link: MqttLink, *kits: str) -> None:
        """Whether each entity shows what the last message says, when there is a new one."""
        for kit in kits:
            self._published.pop(kit, None)

        def is_so() -> bool:
            self._read(link)
            return all(
                kit in self._published and self._shown(kit) == _expected(self._published[kit])
                for kit in kits
            )

        self._wait(is_so, "entities with the values published", MINUTE_S)

    # ------------------------------------------------------------------ what is there

    def _devices(self) -> dict[str, dict[str, Any]]:
        """Our devices by node."""
        (found,) = self._home.ask("config/device_registry/list")
        names = {f"Kit {kit}": kit for kit in KITS}
        ours = [each for each in found if each["manufacturer"] == "Roomtone"]
        return {names[each["name"]]: each for each in ours}

    def _entities(self) -> dict[str, str]:
        """Entities that MQTT made → what makes each of them unique."""
        (found,) = self._home.ask("config/entity_registry/list")
        return {e["entity_id"]: e["unique_id"] for e in found if e["platform"] == "mqtt"}

    def _words(self, kit: str) -> set[str]:
        """The states of all entities of a kit."""
        states = self._home.states()
        ours = {e for e, unique in self._entities().items() if f"-{kit}-" in unique}
        return {states[entity]["state"] for entity in ours}

    def _shown(self, kit: str) -> dict[str, float | str]:
        """Field → the number that Home Assistant shows, or its word for having none."""
        states = self._home.states()
        found: dict[str, float | str] = {}
        for entity, unique in self._entities().items():
            _, is_ours, field = unique.partition(f"-{kit}-")
            if is_ours:
                word = states[entity]["state"]
                found[field] = word if word.isalpha() else float(word)
        return found

    def _kept_health(self) -> set[str]:
        """The kits of which ingest has kept health."""
        if not (self._folder / "data/main.db").exists():
            return set()
        with closing(open_period_reader(self._folder / "data")) as reader:
            return {
                stream.node
                for room, _ in KITS.values()
                for stream in reader.streams(room)
                if reader.health(stream.id) is not None
            }

    def _read(self, link: MqttLink) -> None:
        """Take what was published since."""
        while True:
            try:
                event = link.events.get_nowait()
            except Empty:
                return
            if isinstance(event, Received):
                link.acknowledge(event)
                if event.topic.endswith("/health"):
                    health = json.loads(event.payload)
                    self._published[health["node"]] = health

    # ------------------------------------------------------------------ programs

    def _say(self, what: str) -> None:
        print(f"[{time.monotonic() - self._began:4.0f} s] {what}", flush=True)

    def _wait(self, is_so: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
        """By a question each half second, since most are several requests."""
        until = time.monotonic() + timeout_s
        while not is_so():
            self._programs.check()
            assert time.monotonic() < until, f"{what} did not come within {timeout_s:.0f} s"
            time.sleep(_POLL_S)

    def _start(self, name: str, command: list[str]) -> Program:
        return self._programs.start(name, command)

    def _start_broker(self) -> None:
        name, command = broker_command(
            python=sys.executable, port=self._broker.port, folder=self._folder
        )
        if name != "Mosquitto":
            raise SystemExit("It needs Mosquitto: apt install mosquitto")
        self._start("broker", command)
        self._wait(lambda: is_taken(self._broker.port), "an answer from the broker")

    def _start_ingest(self, publish: str) -> None:
        config = self._folder / "server.toml"
        text = toml(
            {"site": SITE, "data_dir": str(self._folder / "data")},
            broker=broker_table(self._broker),
            ingest={"health_port": 0},
            health_topic={"publish": publish},
        )
        config.write_text(text, encoding="utf-8")
        self._programs.start_ours("ingest", "--config", str(config))

    def _start_hubs(self) -> None:
        ports = self._folder / "ports"
        self._programs.start_ours("simulate", "--scenario", "calm_test", "--ports", str(ports))
        self._wait((ports / "hub-3").exists, "the ports of the hubs")

    def _start_edge(self, kit: str) -> None:
        room, hubs = KITS[kit]
        config = self._folder / f"{kit}.toml"
        text = toml(
            {"site": SITE, "room": room, "node": kit},
            broker=broker_table(self._broker),
            outbox={"dir": str(self._folder / f"{kit}-outbox")},
            hubs=[
                {"name": hub, "port": str(self._folder / "ports" / hub), "seats": list(seats)}
                for hub, seats in hubs.items()
            ],
        )
        config.write_text(text, encoding="utf-8")
        command = roomtone_command("edge", "--config", str(config))
        self._edges[kit] = self._start(kit, command)


def _expected(health: dict[str, Any]) -> dict[str, float | str]:
    """What Home Assistant has to show of a message; what is absent in it is unknown."""
    numbers = {field: health.get(field, "unknown") for field in SENSORS}
    return {**numbers, "is_sampling": ("off", "on")[health["is_sampling"]]}


def main() -> None:
    """Exits with 1 and one line when something is not as expected."""
    hass, folder = map(Path, sys.argv[1:])
    programs = Programs(folder / "logs")
    try:
        Check(hass, folder, programs).run()
    except RoomtoneError as error:
        sys.exit(str(error))
    finally:
        programs.stop_all()


if __name__ == "__main__":
    main()
