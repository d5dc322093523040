"""The doctor's check of the hubs: port, firmware, seats, and whether each sensor answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Final

from contract.clock import SystemClock
from contract.finding import Finding
from edge_agent.settings import HubSettings
from firmware_bridge.events import HubDown, HubEvent, HubStatus, HubUp
from firmware_bridge.frames import Hello, Status
from firmware_bridge.ports import port_fault
from firmware_bridge.reader import HubReader

__all__ = ["hub_findings"]

_HELLO_S: Final = 4.0
_WAIT_S: Final = 5.0


def hub_findings(
    hubs: tuple[HubSettings, ...], *, is_running: bool, wait_s: float = _HELLO_S
) -> Iterator[Finding]:
    """Check that each port exists, a hub sends on it, and its sensors answer.

    While the agent runs it has the ports open, so this checks only that they exist.
    """
    if is_running:
        for hub in hubs:
            fault = port_fault(hub.port)
            yield Finding(
                about=hub.name, state="fine" if fault is None else "wrong",
                said=f"{hub.port} is there; the agent has it open (sensors are looked at while "
                "it does not run)" if fault is None else f"port {hub.port}: {fault}",
                advice="" if fault is None else "plug the hub in, or correct its port",
            )  # fmt: skip
        return
    stop = threading.Event()
    heard: dict[str, SimpleQueue[HubEvent]] = {hub.name: SimpleQueue() for hub in hubs}
    threads = [_listening(hub, heard[hub.name].put, stop) for hub in hubs]
    until = time.monotonic() + wait_s
    try:
        for hub in hubs:
            yield _hub_finding(hub, heard[hub.name], until)
    finally:
        stop.set()
        for thread in threads:
            thread.join(_WAIT_S)


def _listening(
    hub: HubSettings, sink: Callable[[HubEvent], None], stop: threading.Event
) -> threading.Thread:
    reader = HubReader(
        hub=hub.name, port=hub.port, clock=SystemClock(), sink=sink, baudrate=hub.baudrate
    )
    thread = threading.Thread(target=reader.run, args=(stop,), name=f"doctor {hub.name}")
    thread.start()
    return thread


def _hub_finding(hub: HubSettings, heard: SimpleQueue[HubEvent], until: float) -> Finding:
    hello: Hello | None = None
    while (left := until - time.monotonic()) > 0:
        try:
            event = heard.get(timeout=left)
        except Empty:
            break
        if isinstance(event, HubDown):
            return Finding(
                about=hub.name, state="wrong", said=event.reason,
                advice="`ls -l /dev/serial/by-id` lists what is plugged in",
            )  # fmt: skip
        if isinstance(event, HubUp):
            hello = event.hello
            if hello.seats != len(hub.seats):
                return Finding(
                    about=hub.name, state="wrong",
                    said=f"{_words(hello)}, the settings name {len(hub.seats)}",
                    advice=f"correct the seats of {hub.name}, or its port if hubs were swapped",
                )  # fmt: skip
        elif isinstance(event, HubStatus) and hello is not None:
            return _of_sensors(hub, hello, event.status)
    if hello is not None:
        return Finding(
            about=hub.name, state="note",
            said=f"{_words(hello)} on {hub.port}; it said nothing of its sensors",
        )  # fmt: skip
    return Finding(
        about=hub.name, state="wrong", said=f"nothing that Roomtone knows speaks on {hub.port}",
        advice=f"flash the hub's firmware, and check baudrate = {hub.baudrate}",
    )  # fmt: skip


def _of_sensors(hub: HubSettings, hello: Hello, status: Status) -> Finding:
    silent = [str(seat) for i, seat in enumerate(hub.seats) if status.seats_missing >> i & 1]
    missing = [f"the sensor of seat {seat}" for seat in silent]
    if status.is_sound_missing and hello.has_levels:
        missing.append("the sound-level meter")
    if not missing:
        return Finding(
            about=hub.name, state="fine",
            said=f"{_words(hello)} on {hub.port}; every sensor answers",
        )  # fmt: skip
    return Finding(
        about=hub.name, state="wrong", said=f"{_words(hello)}; no answer from {', '.join(missing)}",
        advice="check plug and cable there; it is asked again each second",
    )  # fmt: skip


def _words(hello: Hello) -> str:
    return f"{hello.firmware} {hello.firmware_version} with {hello.seats} seats"
