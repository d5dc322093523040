"""Home Assistant itself: set up with the addresses that its own pages use, asked by its two APIs."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.sync.client import connect

__all__ = ["HomeAssistant"]

_CLIENT: Final = "http://127.0.0.1/"
_CONFIGURATION: Final = """\
homeassistant:
  name: School
  time_zone: Europe/Berlin
http:
  server_host: 127.0.0.1
  server_port: {port}
api:
config:
onboarding:
recorder:
logger:
  default: warning
"""
"""The recorder keeps statistics, and so looks at units and state classes."""


class HomeAssistant:
    """One with a folder of its own; its `program` is to be started by who made it."""

    def __init__(self, hass: Path, folder: Path, *, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.command = [str(hass), "-c", str(folder)]
        self.log = folder / "home-assistant.log"
        self._headers: dict[str, str] = {}
        self._port = port
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        text = _CONFIGURATION.format(port=port)
        (folder / "configuration.yaml").write_text(text, encoding="utf-8")

    def answers(self) -> bool:
        """Whether it has started."""
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/manifest.json").is_success and self.is_running()
        return False

    def is_running(self) -> bool:
        if not self._headers:
            return True
        found = self._request("GET", "config")
        return bool(found["state"] == "RUNNING")

    def set_up(self) -> None:
        """Make its first person, and keep what this person's requests need.

        The next steps of its first start are left out: they add integrations that ask the internet.
        """
        person = {"name": "Ada", "username": "ada", "password": "ada-of-the-check"}
        made = self._request(
            "POST", "onboarding/users", json={**person, "client_id": _CLIENT, "language": "en"}
        )
        code = {"grant_type": "authorization_code", "code": made["auth_code"]}
        answer = httpx.post(f"{self.url}/auth/token", data={**code, "client_id": _CLIENT})
        self._headers = {
            "Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"
        }

    def add_mqtt(self, port: int) -> None:
        """What a person does in Settings, Devices & services, Add integration, MQTT."""
        flow = self._request("POST", "config/config_entries/flow", json={"handler": "mqtt"})
        done = self._request(
            "POST",
            f"config/config_entries/flow/{flow['flow_id']}",
            json={"broker": "127.0.0.1", "port": port},
        )
        assert done["type"] == "create_entry", done

    def states(self) -> dict[str, dict[str, Any]]:
        """Each entity's state and attributes."""
        return {each["entity_id"]: each for each in self._request("GET", "states")}

    def ask(self, *kinds: str) -> list[Any]:
        """The answers to messages without arguments, such as `config/device_registry/list`."""
        found = []
        address = f"ws://127.0.0.1:{self._port}/api/websocket"
        with connect(address, max_size=None) as socket:
            socket.recv()
            token = self._headers["Authorization"].removeprefix("Bearer ")
            socket.send(json.dumps({"type": "auth", "access_token": token}))
            assert json.loads(socket.recv())["type"] == "auth_ok"
            for number, kind in enumerate(kinds, start=1):
                socket.send(json.dumps({"id": number, "type": kind}))
                answer = json.loads(socket.recv())
                assert answer["success"], answer
                found.append(answer["result"])
        return found

    def complaints(self) -> list[str]:
        """Lines of its log, with what follows them, that speak of MQTT or of ours."""
        entries: list[str] = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            if line[:2] == "20" or not entries:
                entries.append(line)
            else:
                entries[-1] += f"\n{line}"
        return [entry for entry in entries if _is_about_us(entry)]

    def _request(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(
            method, f"{self.url}/api/{path}", headers=self._headers, timeout=300, **more
        )
        return answer.raise_for_status().json()


def _is_about_us(entry: str) -> bool:
    lower = entry.lower()
    return any(word in lower for word in ("mqtt", "roomtone", "kit_", "seat-s", "sensor"))
