"""The pages say how they are, as every program of the server does."""

from __future__ import annotations

import pytest

from contract.errors import StoreError


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
    assert "roomtone_dashboard_ready 0\n" in client.get("/metrics").text


def test_answers_are_counted(client) -> None:
    client.get("/healthz")
    client.get("/not-here")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'roomtone_dashboard_requests_total{status="2xx"} 1\n' in answer.text
    assert 'roomtone_dashboard_requests_total{status="4xx"} 1\n' in answer.text
    assert "roomtone_dashboard_open_requests 1\n" in answer.text
    assert "roomtone_dashboard_answer_seconds_count 2\n" in answer.text
