"""What deploy/ has for others' tools names what there is, and its queries run on the real engines."""

from __future__ import annotations

import json
import re
import time
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from contract.clock import SECOND_NS
from contract.topics import Topic
from contract.wire.messages import Health
from edge_agent.source_set import _flat
from firmware_bridge.events import HubCounters
from firmware_bridge.framing import REASONS
from ingest.health_topic.json_health import COUNTED, FACTS, health_json
from ingest.replicas.points import Whose, health_lines
from ingest.settings import HealthTopicSettings
from tests.engines import Address, VictoriaServer

DEPLOY = Path(__file__).parents[2] / "deploy"
BOARDS = {kind: DEPLOY / f"grafana/health-{kind}.json" for kind in ("influxdb", "victoriametrics")}
FIELDS = {*COUNTED, *FACTS, *HubCounters.__dataclass_fields__}
MINUTES = 10
MINUTE_S = 62
"""A kit's minute, which is a little longer than one."""


def board(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(BOARDS[kind].read_text(encoding="utf-8"))
    return found


def queries(kind: str) -> dict[str, str]:
    """Title of a panel → what it asks."""
    key = "query" if kind == "influxdb" else "expr"
    return {panel["title"]: panel["targets"][0][key] for panel in board(kind)["panels"]}


def lines() -> str:
    """Two kits' health over the last ten minutes, as a replica writes it."""
    now = time.time_ns() // SECOND_NS
    found = []
    for minute in range(MINUTES):
        for node in ("kit-1", "kit-2"):
            n = minute * 1_800
            health = Health(
                node=node, run=1, sampled=n, published=n, acked=n, waiting=30, gap=minute,
                unsampled=minute, is_sampling=True, is_finished=False, outbox_bytes=100,
                ack_age_ms=20, hubs={"hub-a": {"frames_missing": minute, "reconnects": minute}},
            )  # fmt: skip
            whose = Whose(site="north", room=f"room-of-{node}", node=node)
            at = (now - (MINUTES - minute) * MINUTE_S + 30) * SECOND_NS
            found += health_lines(whose, health, is_up=True, utc_ns=at)
    return "\n".join(found)


@pytest.mark.parametrize("kind", BOARDS)
def test_a_board_asks_for_what_is_written(kind: str) -> None:
    found = board(kind)
    panels = found["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert [each["name"] for each in found["templating"]["list"]] == ["source", "site", "room"]
    for title, query in queries(kind).items():
        fields = set(re.findall(r'\("(\w+)"\)|health_(\w+)\{', query))
        names = {name for pair in fields for name in pair if name} - {"n"}
        assert names, title
        assert names <= FIELDS, title


def test_both_boards_have_the_same_panels() -> None:
    assert list(queries("influxdb")) == list(queries("victoriametrics"))


@pytest.mark.slow
@pytest.mark.victoriametrics
def test_every_panel_shows_something_from_victoriametrics(victoria_server: VictoriaServer) -> None:
    with urlopen(Request(f"{victoria_server.url}/write", lines().encode(), method="POST")):
        pass
    victoria_server.settle()
    now = time.time_ns() // SECOND_NS
    for panel in board("victoriametrics")["panels"]:
        (target,) = panel["targets"]
        step_s, filled = as_grafana_asks(target)
        span = {"start": now - MINUTES * MINUTE_S, "end": now, "step": step_s}
        asked = urlencode({"query": filled, **(span if target["range"] else {})})
        path = "query_range" if target["range"] else "query"
        with urlopen(f"{victoria_server.url}/api/v1/{path}?{asked}") as answer:
            (found, *_) = json.load(answer)["data"]["result"]
        title = panel["title"]
        if target["range"]:
            times = [at for at, _ in found["values"]]
            assert all(after - at == step_s for at, after in pairwise(times)), f"{title}: a hole"
            assert len(times) >= MINUTES - 3, title
            assert all(float(value) >= 0 for _, value in found["values"]), title
        else:
            assert found["value"][1] == "2", title


def as_grafana_asks(target: dict[str, Any]) -> tuple[int, str]:
    """The step and the query of a panel that is wide for its time, with a data source as it comes.

    `$__rate_interval` is the step and the shortest step together, or four times the shortest step if
    that is more; a query names its shortest step, else the data source does, whose default is 15 s.
    """
    shortest_s = seconds(target.get("interval", "15s"))
    step_s = max(20, shortest_s)
    filled = target["expr"].replace("$site", ".*").replace("$room", ".*")
    rate_s = max(step_s + shortest_s, 4 * shortest_s)
    return step_s, filled.replace("$__rate_interval", f"{rate_s}s")


def seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


def ask(url: str, statement: str, database: str, headers: dict[str, str]) -> list[dict[str, Any]]:
    """The series that InfluxQL finds, as Grafana asks for them."""
    query = urlencode({"q": statement, "db": database})
    with urlopen(Request(f"{url}/query?{query}", headers=headers)) as answer:
        (result,) = json.load(answer)["results"]
    assert "error" not in result, result
    found: list[dict[str, Any]] = result.get("series", [])
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "server",
    (
        pytest.param("influx_server", marks=pytest.mark.influxdb18),
        pytest.param("influx2", marks=pytest.mark.influxdb2),
    ),
)
def test_every_panel_shows_something_from_influxdb(
    server: str, request: pytest.FixtureRequest
) -> None:
    address: Address = request.getfixturevalue(server).address()
    database = address.bucket.partition("/")[0]
    headers = {"Authorization": f"Token {address.token}"}
    with urlopen(
        Request(f"{address.url}/write?db={database}", lines().encode(), headers, method="POST")
    ):
        pass
    for title, query in queries("influxdb").items():
        filled = (
            query.replace("$site", ".*")
            .replace("$room", ".*")
            .replace("$timeFilter", "time > now() - 1h")
            .replace("$__interval", "1m")
        )
        series = ask(address.url, filled, database, headers)
        assert series, title
        if title.startswith("Kits "):
            assert series[0]["values"][0][1] == 2, title


def test_telegraf_reads_the_fields_that_ingest_publishes() -> None:
    text = (DEPLOY / "telegraf/roomtone-health.conf").read_text(encoding="utf-8")
    (consumer,) = tomllib.loads(text)["inputs"]["mqtt_consumer"]
    prefix = HealthTopicSettings().prefix
    assert consumer["topics"] == [f"{prefix}/+/+/+/health"]
    kit, hubs = (section["object"][0] for section in consumer["json_v2"])
    assert set(kit["fields"]) == {*COUNTED, *FACTS}
    counted = _flat(HubCounters(frames_refused=dict.fromkeys(REASONS, 1), clock_error_ns=1))
    assert set(hubs["fields"]) == {*counted, "samples_late", "samples_refused"}
    health = Health(
        node="kit-1", run=1, sampled=1, published=1, acked=1, waiting=0, gap=0, unsampled=0,
        is_sampling=True, is_finished=False, outbox_bytes=0, ack_age_ms=1,
        hubs={"hub-a": {"reconnects": 1}},
    )  # fmt: skip
    published = json.loads(health_json(Topic("north", "room-1", "kit-1", "health"), health))
    assert {*kit["tags"], *kit["fields"], *kit["excluded_keys"]} == set(published)
    assert hubs["path"] in published
    assert hubs["tags"] == ["hub"]
