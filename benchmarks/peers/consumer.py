"""The smallest consumer that is still safe: MQTT in, line protocol out, acknowledged after that.

    python benchmarks/peers/consumer.py --port N --url http://127.0.0.1:M/write [--topic FILTER]

It stands in for Telegraf. It does not parse: the messages are line protocol already, and go out
together, some hundreds in one request. Its session stays at the broker while it is away.
"""

from __future__ import annotations

import argparse
import http.client
import time
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

_MAX_MESSAGES = 500
_MAX_WAIT_S = 0.5
_RETRY_S = 0.2
_TIMEOUT_S = 60.0


class Consumer:
    """Takes messages in one thread, and writes them in batches."""

    def __init__(self, *, port: int, url: str, topic: str) -> None:
        self._port, self._topic = port, topic
        parts = urlsplit(url)
        self._host = parts.netloc
        self._path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._http: http.client.HTTPConnection | None = None
        self._waiting: list[paho.MQTTMessage] = []
        self._since = 0.0
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id="bench-consumer",
            protocol=paho.MQTTv311,
            clean_session=False,
            manual_ack=True,
        )
        self._client.on_connect = self._connected
        self._client.on_message = self._take

    def run(self) -> None:
        """Until it is ended."""
        self._client.connect("127.0.0.1", self._port)
        while True:
            if self._client.loop(timeout=0.1) != paho.MQTT_ERR_SUCCESS:
                time.sleep(_RETRY_S)
                self._client.reconnect()
            is_due = self._waiting and time.monotonic() - self._since >= _MAX_WAIT_S
            if is_due or len(self._waiting) >= _MAX_MESSAGES:
                self._write()

    def _connected(self, client: paho.Client, *_: Any) -> None:
        self._waiting.clear()  # the broker sends again what was not acknowledged
        client.subscribe(self._topic, qos=1)

    def _take(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(message)

    def _write(self) -> None:
        if not self._sent(b"".join(message.payload for message in self._waiting)):
            time.sleep(_RETRY_S)
            return
        for message in self._waiting:
            self._client.ack(message.mid, message.qos)
        self._waiting.clear()

    def _sent(self, body: bytes) -> bool:
        try:
            if self._http is None:
                self._http = http.client.HTTPConnection(self._host, timeout=_TIMEOUT_S)
            self._http.request("POST", self._path, body, {"Content-Type": "text/plain"})
            answer = self._http.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._http = None
            return False
        return 200 <= answer.status < 300


def main() -> None:
    """Run until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True, help="the broker's")
    parser.add_argument("--url", required=True, help="where line protocol is posted to")
    parser.add_argument("--topic", default="#")
    args = parser.parse_args()
    Consumer(port=args.port, url=args.url, topic=args.topic).run()


if __name__ == "__main__":
    main()
