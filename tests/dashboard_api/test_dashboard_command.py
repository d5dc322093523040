"""Settings and start-up: only this computer's addresses, and a clear message about a taken port."""

from __future__ import annotations

import argparse
import asyncio
import socket

import pytest

from contract.errors import ConfigurationError, LinkError, StoreError
from dashboard_api.command import add_arguments, listening, run
from dashboard_api.settings import DashboardSettings, checked_dashboard


@pytest.mark.parametrize("host", ("127.0.0.1", "127.8.0.1", "::1", "localhost"))
def test_this_computers_own_addresses_are_fine(host):
    assert DashboardSettings(host=host).host == host


@pytest.mark.parametrize("host", ("0.0.0.0", "192.168.1.4", "::", "school.example", ""))
def test_any_other_address_is_refused_with_a_reason(host, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        checked_dashboard({"host": host}, tmp_path / "server.toml")
    sentence = str(caught.value)
    assert "dashboard.host" in sentence
    assert "plain HTTP" in sentence
    assert "Value error" not in sentence


BOTH = {"certificate": "a.pem", "private_key": "a.key"}
PROXIED = {"trusted_proxies": ["192.168.1.4"]}
NAMED = {"hosts": ["roomtone.school.example"]}


@pytest.mark.parametrize(
    ("table", "faults"),
    (
        (BOTH, ["dashboard.hosts"]),
        (PROXIED, ["dashboard.hosts"]),
        ({}, ["dashboard.certificate", "dashboard.trusted_proxies", "dashboard.hosts"]),
        (NAMED, ["dashboard.certificate", "dashboard.trusted_proxies"]),
        ({"certificate": "a.pem"}, ["dashboard.private_key", "HTTPS needs both"]),
        ({"private_key": "a.pem"}, ["dashboard.certificate", "HTTPS needs both"]),
        (BOTH | NAMED | {"public_address": "https://other.example"}, ["in dashboard.hosts"]),
        (BOTH | NAMED | {"public_address": "http://roomtone.school.example"}, ["https://"]),
        (
            BOTH | NAMED | {"public_address": "https://roomtone.school.example/x"},
            ["without a path"],
        ),
        (BOTH | {"hosts": ["https://roomtone.school.example"]}, ["dashboard.hosts.0"]),
        (BOTH | {"hosts": ["roomtone.school.example:443"]}, ["without port"]),
        (NAMED | {"trusted_proxies": ["proxy.school.example"]}, ["an address such as"]),
        (NAMED | {"trusted_proxies": ["0.0.0.0/0"]}, ["not all of them"]),
        (NAMED | {"trusted_proxies": ["::/0"]}, ["not all of them"]),
        (BOTH | NAMED | {"host": "school.example"}, ["an address of this computer"]),
    ),
)
def test_what_a_network_needs_is_said(table, faults, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        checked_dashboard({"host": "0.0.0.0"} | table, tmp_path / "server.toml")
    for fault in faults:
        assert fault in str(caught.value)


@pytest.mark.parametrize("way", (BOTH, PROXIED, BOTH | PROXIED))
@pytest.mark.parametrize("host", ("0.0.0.0", "::", "192.168.1.4", "127.0.0.1"))
def test_with_https_or_a_proxy_any_address_is_fine(way, host, tmp_path):
    table = {"host": host} | way | NAMED
    assert checked_dashboard(table, tmp_path / "server.toml").host == host


def test_names_mean_nothing_without_https(tmp_path):
    with pytest.raises(ConfigurationError, match="plain HTTP answers this computer alone"):
        checked_dashboard(NAMED, tmp_path / "server.toml")


def test_what_links_begin_with():
    for table, base in (
        ({}, None),
        (PROXIED | NAMED, "https://roomtone.school.example"),
        (BOTH | NAMED, "https://roomtone.school.example:8000"),
        (BOTH | NAMED | {"port": 443}, "https://roomtone.school.example"),
        (BOTH | {"hosts": ["FD00::1"], "port": 443}, "https://[fd00::1]"),
        (BOTH | NAMED | {"public_address": "https://Roomtone.school.example:99"},
         "https://roomtone.school.example:99"),
    ):  # fmt: skip
        assert DashboardSettings.checked(table, where="x").link_base == base


def test_an_unknown_key_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"dashboard\.hots"):
        checked_dashboard({"hots": "127.0.0.1"}, tmp_path / "server.toml")


def test_a_taken_port_is_reported_with_advice():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = DashboardSettings(port=port)
        sentence = rf"port {port}: another program .* --port"
        with pytest.raises(LinkError, match=sentence), listening(settings):
            pass


def test_port_zero_takes_a_free_one():
    with listening(DashboardSettings(port=0)) as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize("host", ("127.0.0.1", "::1"))
def test_a_connection_sends_each_part_of_an_answer_at_once(host):
    """Else the second part waits for the first one's acknowledgement, which clients delay by 40 ms."""

    async def is_at_once() -> bool:
        found = asyncio.get_running_loop().create_future()

        def note(_: object, writer: asyncio.StreamWriter) -> None:
            connection = writer.get_extra_info("socket")
            found.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listening(DashboardSettings(host=host, port=0)) as listener:
            async with await asyncio.start_server(note, sock=listener.dup()):
                _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
                try:
                    return bool(await found)
                finally:
                    writer.close()

    assert asyncio.run(is_at_once())


def test_a_file_as_data_directory_is_an_error_with_a_sentence(tmp_path):
    (tmp_path / "data").write_text("")
    config = tmp_path / "server.toml"
    config.write_text(f'site = "s"\ndata_dir = "{tmp_path}/data"\n[dashboard]\nport = 0\n')
    with pytest.raises(StoreError, match="can't be made"):
        run(argparse.Namespace(config=config, port=None, simulated_clock=None))


def test_the_arguments():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    args = parser.parse_args(["--config", "server.toml", "--port", "0"])
    assert args.port == 0
