"""Certificates for tests that speak TLS, made with openssl."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Certificate:
    """One that is its own authority."""

    certificate: Path
    key: Path


def make_certificate(folder: Path, *names: str, days: int = 30) -> Certificate:
    """A certificate for DNS names, signed by itself; skips the test without openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    made = Certificate(folder / f"{names[0]}.pem", folder / f"{names[0]}.key")
    command = (
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", made.key, "-out", made.certificate, "-days", str(days),
        "-subj", f"/CN={names[0]}", "-addext",
        "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
    )  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return made
