"""Mosquitto with the configuration that is shipped, on free ports, with certificates of a test."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from contract.settings import BrokerSettings
from roomtone.demo.broker import free_port, mosquitto_path

__all__ = [
    "DEPLOY",
    "SHIPPED_ACL",
    "ShippedBroker",
    "certify",
    "make_certificates",
    "shipped_broker",
]

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
SHIPPED_ACL = (DEPLOY / "roomtone.acl").read_text()
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
WAIT_S = 60.0


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certify(folder: Path, name: str) -> None:
    """A key and a certificate with this common name, as docs/mosquitto.md says."""
    openssl(folder, "req", *KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")  # fmt: skip
    (folder / "extensions").write_text(
        "subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
    )
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", f"{name}.crt")  # fmt: skip


def make_certificates(folder: Path) -> Path:
    """An authority, and what it signed: the broker, the server and two kits."""
    openssl(folder, "req", "-x509", *KEY, "-days", "2", "-subj", "/CN=authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    for name in ("broker", "server", "pi-1", "pi-2"):
        certify(folder, name)
    return folder


@dataclass(frozen=True)
class ShippedBroker:
    """A running broker and what is needed to connect to it."""

    pid: int
    kits_port: int
    server_port: int
    certificates: Path
    log: Path

    def settings(self, name: str | None, port: int | None = None) -> BrokerSettings:
        """How who has this certificate connects, where they should unless `port` is given."""
        where = port or (self.server_port if name == "server" else self.kits_port)
        return BrokerSettings(
            host="localhost",
            port=where,
            ca_file=self.certificates / "ca.crt",
            certificate_file=self.certificates / f"{name}.crt" if name else None,
            key_file=self.certificates / f"{name}.key" if name else None,
        )

    def memory_mb(self) -> float:
        """The most that it has had in use."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


@contextmanager
def shipped_broker(
    folder: Path, certificates: Path, *, acl: str | None = None
) -> Iterator[ShippedBroker]:
    """The configuration as it is shipped, but for paths and ports; `acl` is another access list."""
    (folder / "roomtone.acl").write_text(acl or SHIPPED_ACL)
    kits, server = free_port(), free_port()
    conf = (DEPLOY / "mosquitto.conf").read_text()
    conf = conf.replace("listener 8883", f"listener {kits} 127.0.0.1")
    conf = conf.replace("listener 8884", f"listener {server}")
    conf = conf.replace("/etc/mosquitto/certs", str(certificates))
    conf = conf.replace("/etc/mosquitto/conf.d", str(folder)).replace("log_dest syslog", "")
    # Started by root it would become the user mosquitto, who may not read a test's files.
    (folder / "m.conf").write_text(conf + "\nuser root\n")
    program = mosquitto_path()
    assert program is not None
    log = folder / "broker-log"
    with log.open("wb") as output:
        broker = subprocess.Popen([program, "-c", str(folder / "m.conf")], stderr=output)
    try:
        until = monotonic() + WAIT_S
        while not (answers(kits) and answers(server)) and monotonic() < until:
            if broker.poll() is not None:
                pytest.fail(log.read_text())
        yield ShippedBroker(broker.pid, kits, server, certificates, log)
    finally:
        broker.kill()
        broker.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
