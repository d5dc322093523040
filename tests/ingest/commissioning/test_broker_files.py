"""`roomtone broker`: what it writes, and that it may run as often as one likes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from contract.errors import UsageError
from contract.mqtt.own_certificate import fault_of_certificate
from ingest.commissioning.broker_files import BrokerFiles
from ingest.commissioning.mosquitto import BY_HAND, SERVICE_CONF, WITH_AUTHORITY, mosquitto_conf
from roomtone.cli import main
from tests.ingest.authority.conftest import Served

DEPLOY = Path(__file__).parents[3] / "deploy" / "mosquitto"


@pytest.fixture
def files(served: Served, tmp_path: Path) -> BrokerFiles:
    return BrokerFiles(
        served.client,
        directory=tmp_path / "mosquitto",
        programs=tmp_path / "programs",
        give_keys=False,
    )


def own(tmp_path: Path) -> Path:
    return tmp_path / "mosquitto" / "roomtone"


def test_by_hand_and_by_command_the_broker_is_configured_alike() -> None:
    assert (DEPLOY / "mosquitto.conf").read_text() == mosquitto_conf(BY_HAND)
    assert (DEPLOY / "service.conf").read_text() == SERVICE_CONF
    lines = set(mosquitto_conf(WITH_AUTHORITY).splitlines())
    assert "crlfile /etc/mosquitto/roomtone/revoked.crl" in lines
    assert "acl_file /etc/mosquitto/roomtone/access.acl" in lines


def test_everything_is_written_and_fits_together(files: BrokerFiles, tmp_path: Path) -> None:
    written = files.configure(["broker.school.example", "localhost"])
    assert written.needs_restart
    folder = own(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "access.acl", "broker.crt", "broker.key", "ca.crt", "revoked.crl",
    ]  # fmt: skip
    for key in (folder / "broker.key", tmp_path / "programs" / "server.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    programs = tmp_path / "programs"
    assert fault_of_certificate(
        programs / "server.crt", programs / "server.key", programs / "ca.crt"
    ) is None  # fmt: skip


def test_a_second_run_changes_nothing(files: BrokerFiles) -> None:
    files.configure(["localhost"])
    again = files.configure(["localhost"])
    assert not again.needs_restart
    assert not again.needs_reload
    assert not files.apply().needs_reload


def test_debians_own_persistence_makes_room(files: BrokerFiles, tmp_path: Path) -> None:
    main_file = tmp_path / "mosquitto" / "mosquitto.conf"
    main_file.parent.mkdir()
    main_file.write_text(
        "pid_file /run/m.pid\npersistence true\npersistence_location /var/lib/m/\n"
    )
    files.configure(["localhost"])
    lines = main_file.read_text().splitlines()
    assert not [line for line in lines if line.startswith("persistence ")]
    assert "persistence_location /var/lib/m/" in lines
    assert not files.configure(["localhost"]).needs_restart


def test_a_new_kit_needs_a_reload_and_no_new_certificate(
    files: BrokerFiles, served: Served, tmp_path: Path
) -> None:
    files.configure(["localhost"])
    before = (own(tmp_path) / "broker.crt").read_text()
    served.client.new_code("school", "r1", "pi-1", "")
    applied = files.apply()
    assert applied.needs_reload
    assert not applied.needs_restart
    assert "user pi-1" in (own(tmp_path) / "access.acl").read_text()
    assert (own(tmp_path) / "broker.crt").read_text() == before


def test_lines_of_the_schools_own_stay(files: BrokerFiles, tmp_path: Path) -> None:
    files.configure(["localhost"])
    (own(tmp_path) / "local.acl").write_text("user telegraf\ntopic read roomtone-health/school/#\n")
    assert files.apply().needs_reload
    assert "user telegraf" in (own(tmp_path) / "access.acl").read_text()


def test_certificates_renew_with_the_same_names_when_a_third_is_left(
    files: BrokerFiles, served: Served, tmp_path: Path
) -> None:
    files.configure(["broker.school.example", "localhost"])
    path = own(tmp_path) / "broker.crt"
    signing, key = served.authority.signing, x509.load_pem_x509_certificate(path.read_bytes())
    old = signing.issue(
        "broker", key.public_key(), "broker",  # type: ignore[arg-type]
        until=datetime.now(UTC) + timedelta(days=200), hosts=["broker.school.example", "localhost"],
    )  # fmt: skip
    path.write_bytes(old.public_bytes(Encoding.PEM))
    applied = files.apply()
    assert applied.needs_reload
    assert (
        "broker.crt: a new certificate for broker.school.example, localhost" in applied.sentences[0]
    )
    made = x509.load_pem_x509_certificate(path.read_bytes())
    assert made.not_valid_after_utc > datetime.now(UTC) + timedelta(days=800)


def test_other_names_make_a_new_certificate(files: BrokerFiles, tmp_path: Path) -> None:
    files.configure(["localhost"])
    before = (own(tmp_path) / "broker.crt").read_text()
    files.configure(["localhost", "10.0.0.5"])
    assert (own(tmp_path) / "broker.crt").read_text() != before


def test_a_damaged_certificate_is_replaced(files: BrokerFiles, tmp_path: Path) -> None:
    files.configure(["localhost"])
    (tmp_path / "programs" / "server.crt").write_text("rubbish")
    assert files.apply().sentences


def test_runs_at_the_same_time_wait_for_each_other(
    files: BrokerFiles, served: Served, tmp_path: Path
) -> None:
    files.configure(["localhost"])
    served.client.new_code("school", "r1", "pi-1", "")
    others = [
        BrokerFiles(
            served.client, directory=tmp_path / "mosquitto", programs=tmp_path / "programs",
            give_keys=False,
        )
        for _ in range(6)
    ]  # fmt: skip
    with ThreadPoolExecutor(len(others)) as pool:
        written = list(pool.map(lambda each: each.apply(), others))
    assert sum(each.needs_reload for each in written) == 1


def test_lists_come_after_the_first_configuration(files: BrokerFiles) -> None:
    with pytest.raises(UsageError, match="broker config"):
        files.apply()


def test_the_command_writes_and_says_what_comes_next(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "server.toml"
    sockets = served.authority.settings.socket_dir
    config.write_text(f'site = "school"\n[authority]\nsocket_dir = "{sockets}"\n')
    places = ["--dir", str(tmp_path / "mosquitto"), "--programs", str(tmp_path / "programs")]
    words = ["--config", str(config), *places, "--no-reload"]
    assert main(["broker", "config", "--name", "broker.example", *words]) == 0
    said = capsys.readouterr().out
    assert "then: sudo systemctl restart mosquitto" in said
    assert "kits reach the broker as broker.example, port 8883" in said
    assert main(["broker", "apply", *words]) == 0
    assert "has everything already" in capsys.readouterr().out


def test_printing_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "server.toml"
    config.write_text('site = "school"\n')
    assert main(["broker", "config", "--print", "--config", str(config)]) == 0
    assert capsys.readouterr().out.strip() == mosquitto_conf(WITH_AUTHORITY).strip()
    assert list(tmp_path.iterdir()) == [config]
