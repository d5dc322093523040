"""The pages say how they are, as every program of the server does."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from contract.errors import StoreError
from dashboard_api.web.refusals import REASONS
from tests.ingest.monitoring.scraped import GOLDEN, scraped


def test_the_pages_are_alive_and_ready(client) -> None:
    assert client.get("/healthz").json()["is_alive"] is True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["is_ready"]) == (200, True)


def test_they_are_not_ready_when_the_stores_can_not_be_read(
    client, stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> int:
        raise StoreError("main.db is damaged.")

    monkeypatch.setattr(stores.periods, "version", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["main.db is damaged."]
    assert client.get("/healthz").status_code == 200
    assert "roomtone_dashboard_ready 0.0\n" in client.get("/metrics").text


def test_answers_are_counted(client) -> None:
    client.get("/healthz")
    client.get("/not-here")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'roomtone_dashboard_requests_total{status="2xx"} 1.0\n' in answer.text
    assert 'roomtone_dashboard_requests_total{status="4xx"} 1.0\n' in answer.text
    assert "roomtone_dashboard_open_requests 1.0\n" in answer.text
    assert "roomtone_dashboard_answer_seconds_count 2.0\n" in answer.text


def fill(state) -> None:
    """Figures that differ from each other."""
    figures = state.request_figures
    figures.by_status = Counter({"4xx": 32, "2xx": 31})
    figures.open = 4  # and the scrape itself
    for seconds in (0.004, 0.3, 11.0):
        figures.answered_s.observe(seconds)
    for n, reason in enumerate(REASONS, start=41):
        state.refusal_counts.by_reason[reason] = n
    for connection in range(3):
        state.gate.admit(connection, "here")
    state.stream_places._taken.update(here=2)
    state.live_rooms.looks = 33
    state.debriefs.faults = 7
    week = SimpleNamespace(
        trained=SimpleNamespace(psi={"off_task": 0.125, "movement_db": 0.25}),
        own=SimpleNamespace(psi={"off_task": 0.5}),
    )
    state.drift_watch.latest = SimpleNamespace(newest=lambda _: week)
    state.drift_watch._levels._waiting = [None] * 34


def test_a_scrape_shows_what_the_golden_page_does(client) -> None:
    fill(client.app.state)
    shown = scraped(client.get("/metrics").text)
    _, _, store_seconds = shown["roomtone_dashboard_store_seconds"]
    ((sample, seconds),) = store_seconds.items()
    assert 0 < seconds < 5
    store_seconds[sample] = 0.0  # it is measured, and differs each time
    assert shown == scraped((GOLDEN / "dashboard.txt").read_text(encoding="utf-8"))
