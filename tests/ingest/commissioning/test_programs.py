"""The programs as systemd starts them, and the commands as a technician types them."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from contract.mqtt.link import LinkDown, LinkUp, MqttLink
from contract.settings import BrokerSettings
from roomtone.cli import main
from roomtone.demo.broker import free_port
from tests.ingest.commissioning.test_enrolled_kits import mosquitto, next_of

pytestmark = [
    pytest.mark.broker,
    pytest.mark.programs,
    pytest.mark.slow,
    # paho leaves the socket of a refused handshake to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WAIT_S = 60.0
KITS, SERVER = "listener 8883", "listener 8884 127.0.0.1"


@contextmanager
def program(name: str, config: Path, folder: Path) -> Iterator[None]:
    """One of the server's programs, from its word that it is ready to its clean end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / f"notify-{name}"))
        systemd.settimeout(WAIT_S)
        started = subprocess.Popen(
            (sys.executable, "-P", "-m", "roomtone", name, "--config", str(config)),
            env=os.environ | {"NOTIFY_SOCKET": str(folder / f"notify-{name}")},
            stderr=subprocess.DEVNULL,
        )
        try:
            assert systemd.recv(4096) == b"READY=1"
            yield
            started.send_signal(signal.SIGTERM)
            assert started.wait(WAIT_S) == 0
        finally:
            started.kill()
            started.wait()


def test_from_an_empty_server_to_a_locked_out_kit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kits, server, door = free_port(), free_port(), free_port()
    etc, kit, config = tmp_path / "etc", tmp_path / "kit", tmp_path / "server.toml"
    config.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[authority]\ndir = "{tmp_path}/authority"\n'
        f'socket_dir = "{tmp_path}/run"\naddress = "127.0.0.1"\nlisten = "127.0.0.1"\nport = {door}\n'
        f'[broker]\nhost = "localhost"\nport = {server}\nca_file = "{etc}/ca.crt"\n'
        f'certificate_file = "{etc}/server.crt"\nkey_file = "{etc}/server.key"\n'
    )
    files = ["--dir", f"{tmp_path}/mosquitto", "--programs", str(etc), "--no-reload"]
    with ExitStack() as running:
        running.enter_context(program("authority", config, tmp_path))
        assert main(["broker", "config", "--config", str(config), *files]) == 0
        conf = tmp_path / "mosquitto/conf.d/roomtone.conf"
        text = conf.read_text().replace(SERVER, f"listener {server} 127.0.0.1")
        conf.write_text(text.replace(KITS, f"listener {kits} 127.0.0.1"))
        broker = running.enter_context(mosquitto(tmp_path))
        running.enter_context(program("enrolment", config, tmp_path))

        (tmp_path / "kit.toml").write_text('node = "pi-1"\n')
        words = ["--room", "r1", "--settings", f"{tmp_path}/kit.toml", "--config", str(config)]
        assert main(["node", "code", "pi-1", *words]) == 0
        typed = re.search(r"sudo roomtone (enrol --server .*)", capsys.readouterr().out)
        assert typed
        assert main([*typed[1].split(), "--dir", str(kit), "--no-start"]) == 0
        assert "this kit is pi-1 in room r1 of school" in capsys.readouterr().out

        identity = kit / "identity"
        link = MqttLink(
            broker=BrokerSettings(
                host="localhost", port=kits, ca_file=identity / "ca.crt",
                certificate_file=identity / "node.crt", key_file=identity / "node.key",
            ),
            client_id="-", will=None, subscriptions=(),
        )  # fmt: skip
        running.callback(link.stop)
        link.start()
        next_of(link, LinkUp)

        codes: list[int] = []
        revoke = ["node", "revoke", "pi-1", "--config", str(config)]
        command = threading.Thread(target=lambda: codes.append(main(revoke)))
        begin = monotonic()
        command.start()
        note, applied = tmp_path / "run/published", ""
        while command.is_alive() and monotonic() - begin < WAIT_S:
            # What roomtone-broker.path and roomtone-broker.service do.
            if (number := note.read_text()) != applied:
                applied = number
                assert main(["broker", "apply", "--config", str(config), *files]) == 0
                broker.send_signal(signal.SIGHUP)
        command.join(WAIT_S)
        assert codes == [0]
        next_of(link, LinkDown)
        assert monotonic() - begin < WAIT_S
        assert "pi-1 is locked out" in capsys.readouterr().out

        backup = tmp_path / "authority.tar"
        assert main(["authority", "--backup", str(backup), "--config", str(config)]) == 0
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert main(["authority", "--backup", str(backup), "--config", str(config)]) == 2
    restored = tmp_path / "restored"
    with tarfile.open(backup) as tar:
        assert sorted(tar.getnames()) == ["authority.db", "authority.pem"]
        tar.extractall(restored, filter="data")
    config.write_text(config.read_text().replace(f"{tmp_path}/authority", str(restored)))
    with program("authority", config, tmp_path / "kit"):
        capsys.readouterr()
        assert main(["node", "list", "--config", str(config)]) == 0
        assert "pi-1  school/r1  revoked and disconnected" in capsys.readouterr().out
