"""Debriefs without browsers: their pages' sockets and requests, and how long each answer takes."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

__all__ = ["Times", "many_debriefs"]

PING_S = 2.0
MOVE_S = 1.0
NOTE_S = 15.0


@dataclass
class Times:
    """Seconds that each kind of answer took."""

    pongs: list[float] = field(default_factory=list)
    playheads: list[float] = field(default_factory=list)
    """From one page's report to the other page."""
    requests: list[float] = field(default_factory=list)
    """A note that is written, and the list that both pages ask for then."""
    changes: list[float] = field(default_factory=list)
    """From writing a note to the word of it on the other page."""


@dataclass
class _Debrief:
    lesson: str
    cookies: tuple[dict[str, str], dict[str, str]]
    people: tuple[str, str]
    moved_at: float = 0.0
    written_at: float = 0.0


async def many_debriefs(
    address: str, lessons: list[str], cookies: dict[str, dict[str, str]], seconds: float
) -> Times:
    """Two pages of each lesson: one leads and plays, both ping, and notes are written in turn."""
    times = Times()
    people = tuple(cookies)
    limits = httpx.Limits(max_connections=len(lessons))
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=30) as client:
        debriefs = [
            _Debrief(each, (cookies[people[0]], cookies[people[1]]), (people[0], people[1]))
            for each in lessons
        ]
        await asyncio.gather(
            *(
                _run(one, number / len(debriefs), client, times, seconds)
                for number, one in enumerate(debriefs)
            )
        )
    return times


async def _run(
    one: _Debrief, phase: float, client: httpx.AsyncClient, times: Times, seconds: float
) -> None:
    await asyncio.sleep(phase * MOVE_S)
    origin = str(client.base_url).rstrip("/")
    address = f"{origin.replace('http', 'ws')}/lessons/{one.lesson}/together"
    sockets = []
    for cookie in one.cookies:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookie.items())}
        sockets.append(await connect(address, origin=origin, additional_headers=headers))  # type: ignore[arg-type]
    for number, socket in enumerate(sockets):
        join = {"client": secrets.token_hex(16), "person": one.people[number]}
        await socket.send(json.dumps({"type": "join", **join}))
    hearing = [
        asyncio.create_task(_hear(one, number, socket, client, times))
        for number, socket in enumerate(sockets)
    ]
    end = time.perf_counter() + seconds
    pinged, noted = 0.0, time.perf_counter() - phase * NOTE_S
    position = 0.0
    while (now := time.perf_counter()) < end:
        position += MOVE_S
        one.moved_at = now
        move = {"position_s": position, "is_playing": True, "rate": 1.0, "at_ms": None}
        await sockets[0].send(json.dumps({"type": "move", **move}))
        if now - pinged >= PING_S:
            pinged = now
            for socket in sockets:
                await socket.send(json.dumps({"type": "ping", "number": int(now * 1e3) % 2**31}))
        if now - noted >= NOTE_S:
            noted = one.written_at = now
            note = {"start_s": position, "note": "Look at this."}
            await _ask(
                client, one, 0, times, "POST", f"/api/lessons/{one.lesson}/moments", json=note
            )
        await asyncio.sleep(MOVE_S)
    for task in hearing:
        task.cancel()
    for socket in sockets:
        await socket.close()


async def _hear(
    one: _Debrief, number: int, socket: ClientConnection, client: httpx.AsyncClient, times: Times
) -> None:
    async for text in socket:
        message, now = json.loads(text), time.perf_counter()
        if message["type"] == "pong":
            asked = message["number"] / 1e3
            times.pongs.append((now - asked) % (2**31 / 1e3))
        elif message["type"] == "playhead" and number == 1:
            times.playheads.append(now - one.moved_at)
        elif message["type"] == "changed":
            if number == 1:
                times.changes.append(now - one.written_at)
            path = f"/lessons/{one.lesson}/moments"
            await _ask(client, one, number, times, "GET", path, headers={"HX-Request": "true"})


async def _ask(
    client: httpx.AsyncClient, one: _Debrief, number: int, times: Times, method: str, path: str,
    **given: Any,
) -> None:  # fmt: skip
    headers = {"Sec-Fetch-Site": "same-origin", **given.pop("headers", {})}
    headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in one.cookies[number].items())
    began = time.perf_counter()
    answer = await client.request(method, path, headers=headers, **given)
    times.requests.append(time.perf_counter() - began)
    answer.raise_for_status()
