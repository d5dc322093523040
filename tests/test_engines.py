"""The databases that tests start: each keeps a point and reads it back."""

from __future__ import annotations

from collections.abc import Callable
from urllib.request import urlopen

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.engines import Address, Influx2Server, InfluxServer, NamedInflux, VictoriaServer

SECOND_NS = 1_000_000_000
AT_NS = 1_780_000_000 * SECOND_NS
LINE = f"engine_check,site=hill value=4.5 {AT_NS}"
FLUX = (
    'from(bucket: "{bucket}") |> range(start: 2026-05-28T00:00:00Z, stop: 2026-05-30T00:00:00Z)'
    ' |> filter(fn: (r) => r._measurement == "engine_check" and r.site == "hill")'
)


def client(address: Address) -> InfluxDBClient:
    return InfluxDBClient(url=address.url, token=address.token, org=address.org or "-")


@pytest.fixture(
    params=[
        pytest.param("influxdb18", marks=pytest.mark.influxdb18),
        pytest.param("influxdb2", marks=pytest.mark.influxdb2),
    ]
)
def influx(request: pytest.FixtureRequest) -> Callable[[], Address]:
    """Makes a new and empty database."""
    if request.param == "influxdb2":
        second: Influx2Server | NamedInflux = request.getfixturevalue("influx2")
        return second.address
    server: InfluxServer = request.getfixturevalue("influx_server")
    return server.address


def test_influxdb_writes_and_reads_flux(influx: Callable[[], Address]) -> None:
    address = influx()
    with client(address) as api:
        writer = api.write_api(write_options=SYNCHRONOUS)
        for _ in range(2):  # sending twice changes nothing
            writer.write(bucket=address.bucket, record=LINE.encode())
        (table,) = api.query_api().query(FLUX.format(bucket=address.bucket))
    (record,) = table.records
    assert record.get_value() == 4.5
    assert record.get_time().timestamp() == AT_NS / SECOND_NS


def test_each_address_of_influxdb_is_empty(influx: Callable[[], Address]) -> None:
    first = influx()
    with client(first) as api:
        api.write_api(write_options=SYNCHRONOUS).write(bucket=first.bucket, record=LINE.encode())
        second = influx()
        assert api.query_api().query(FLUX.format(bucket=second.bucket)) == []


@pytest.mark.victoriametrics
def test_victoriametrics_writes_and_exports(victoria_server: VictoriaServer) -> None:
    with client(victoria_server.address) as api:
        writer = api.write_api(write_options=SYNCHRONOUS)
        for _ in range(2):
            writer.write(bucket="any", record=LINE.encode())
    victoria_server.settle()
    address = f"{victoria_server.url}/api/v1/export/csv?format=__timestamp__:unix_ms,__value__,site"
    with urlopen(f"{address}&match[]=engine_check_value&start=1") as answer:
        assert answer.read().decode() == f"{AT_NS // 1_000_000},4.5,hill\n"


@pytest.mark.slow
@pytest.mark.victoriametrics
def test_a_server_that_was_stopped_starts_on_its_files() -> None:
    server = VictoriaServer()
    try:
        server.start()
        with client(server.address) as api:
            api.write_api(write_options=SYNCHRONOUS).write(bucket="any", record=LINE.encode())
        server.stop()
        server.start()
        address = f"{server.url}/api/v1/export?match[]=engine_check_value&start=1"
        with urlopen(address) as answer:
            assert b'"values":[4.5]' in answer.read()
    finally:
        server.remove()
    assert not server.folder.exists()
