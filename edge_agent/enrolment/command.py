"""`roomtone enrol`: make this Pi a node of a school, or renew its certificate."""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from contract.enrolment.codes import KitCode, QrText, typed_code
from contract.errors import ConfigurationError, UsageError
from contract.files.text_file import read_text
from contract.one_line import say
from edge_agent.doctor.checks import broker_findings
from edge_agent.enrolment.dialogue import enrol, renew
from edge_agent.enrolment.identity_folder import (
    DEFAULT_DIR,
    Identity,
    Own,
    Renewing,
    read_identity,
    write_identity,
    write_settings,
)
from edge_agent.enrolment.network import connected, server_of
from edge_agent.enrolment.own_key import OwnKey
from edge_agent.settings import EdgeSettings
from firmware_bridge.usb_ports import USB, pin_ports

__all__ = ["add_arguments", "renew_identity", "run"]

_USER: Final = "roomtone"
_MAX_CLOCK_S: Final = 300
_SERVICES: Final = ("roomtone-renew.timer", "roomtone-edge.service")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", metavar="NAME", help="the school's server, as its pages are called"
    )
    parser.add_argument(
        "--code", metavar="DIGITS",
        help="the six digits from the page of the room; without it the command asks for them",
    )  # fmt: skip
    parser.add_argument(
        "--qr", metavar="TEXT",
        help="what the QR code of that page holds, instead of --server and --code; `-` reads it from "
        "standard input, as from a scanner",
    )  # fmt: skip
    parser.add_argument(
        "--renew",
        action="store_true",
        help="renew the certificate of a kit that is enrolled, if it is time; a timer does this",
    )
    parser.add_argument(
        "--ports",
        action="store_true",
        help="only write down in which USB socket each hub is, with all hubs of the kit plugged in",
    )
    parser.add_argument(
        "--dir", type=Path, default=DEFAULT_DIR, metavar="DIR",
        help="where edge.toml and the key go (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--no-start", action="store_true", help="leave the agent as it is, running or not"
    )


def run(args: argparse.Namespace) -> int:
    """Enrol or renew; the sentences say what comes next."""
    if args.renew:
        renew_identity(args.dir, time.time)
        return 0
    if args.ports:
        _write_ports(args.dir)
        if not args.no_start:
            _start()
        return 0
    if args.qr is not None:
        text = sys.stdin.readline() if args.qr == "-" else args.qr
        qr = QrText.parse(text)
        (host, port), code = (qr.host, qr.port), qr.code
        if args.server is not None:
            host, port = server_of(args.server)
    else:
        if args.server is None:
            raise UsageError("Name the school's server with --server, or give a QR text with --qr.")
        host, port = server_of(args.server)
        code = typed_code(args.code if args.code is not None else _asked())
    _enrol(args.dir, host, port, code)
    if not args.no_start:
        _start()
    return 0


def _asked() -> str:
    print("Code (six digits): ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a question
    return sys.stdin.readline()


def _enrol(directory: Path, host: str, port: int, code: KitCode) -> None:
    _require_writable(directory)
    key = OwnKey.new()
    with connected(host, port) as exchange:
        enrolled = enrol(code, key, exchange)
    identity = enrolled.identity
    text, unsettled = _pinned(identity.settings.replace(f"{DEFAULT_DIR}/", f"{directory}/"))
    own = _owner(directory)
    write_identity(
        directory,
        Identity(
            key=key, certificate=enrolled.certificate,
            authority=x509.load_der_x509_certificate(enrolled.authority),
            renewing=_renewing(host, port, enrolled.certificate, identity.now),
        ),
        own,
    )  # fmt: skip
    path = directory / "edge.toml"
    if write_settings(path, text, own):
        say(f"{path} was another; it is kept as {path.name}.old")
    until = f"{enrolled.certificate.not_valid_after_utc:%Y-%m-%d}"
    say(
        f"this kit is {identity.node} in room {identity.room} of {identity.site}; its certificate is "
        f"valid until {until} and renews by itself"
    )
    clock = _clock_sentences(identity.now, time.time())
    for sentence in (*clock, *unsettled, *_fit_sentences(path, text)):
        say(sentence)


def _pinned(text: str) -> tuple[str, list[str]]:
    """The settings with the sockets' paths, and what to do if these are not settled yet.

    The code is used up by now, so the settings are written in any case.
    """
    try:
        return pin_ports(text), []
    except UsageError as error:
        return text, [f"{error} The command is then `sudo roomtone enrol --ports`."]


def _write_ports(directory: Path) -> None:
    """Settle the sockets of a kit that is enrolled; raises UsageError, StoreError."""
    _require_writable(directory)
    path = directory / "edge.toml"
    before = read_text(path)
    text = pin_ports(before)
    write_settings(path, text, _owner(directory))
    hubs = EdgeSettings.checked(tomllib.loads(text), where=str(path)).hub
    for hub in hubs:
        say(f"{hub.name} is at {hub.port}")


def _renewing(host: str, port: int, made: x509.Certificate, now: int) -> Renewing:
    ends = int(made.not_valid_after_utc.timestamp())
    return Renewing(host=host, port=port, renew_after=now + max(0, ends - now) // 2)


def renew_identity(directory: Path, now: Callable[[], float]) -> None:
    """Renew the certificate in a kit's directory if it is time; `now` is UTC in seconds."""
    old = read_identity(directory)
    ends = old.certificate.not_valid_after_utc
    left = ends - datetime.fromtimestamp(now(), UTC)
    if now() < old.renewing.renew_after:
        say(
            f"the certificate of {old.node} is valid for {left.days} more days; nothing to renew yet"
        )
        return
    _require_writable(directory)
    new, place = OwnKey.new(), old.renewing
    with connected(place.host, place.port) as exchange:
        made, server_now = renew(
            old.key, old.certificate.public_bytes(Encoding.DER), new, node=old.node,
            authority=old.authority.public_bytes(Encoding.DER), exchange=exchange,
        )  # fmt: skip
    write_identity(
        directory,
        Identity(
            key=new, certificate=made, authority=old.authority,
            renewing=_renewing(place.host, place.port, made, server_now),
        ),
        _owner(directory),
    )  # fmt: skip
    say(f"the certificate of {old.node} is renewed until {made.not_valid_after_utc:%Y-%m-%d}")
    for sentence in _clock_sentences(server_now, now()):
        say(sentence)


def _clock_sentences(server_s: int, own_s: float) -> list[str]:
    """What to do about a clock that is wrong."""
    off = own_s - server_s
    if abs(off) <= _MAX_CLOCK_S:
        return []
    size = f"{abs(off) / 86_400:.0f} days" if abs(off) > 172_800 else f"{abs(off) / 60:.0f} minutes"
    way = "ahead of" if off > 0 else "behind"
    effect = (
        "the broker's certificate may look ended until then" if off > 0
        else "readings are dated once it is right"
    )  # fmt: skip
    sentence = (
        f"this kit's clock is {size} {way} the server's: see that it reaches a time server "
        f"(`timedatectl timesync-status`, or `chronyc sources`); {effect}"
    )
    return [sentence]


def _fit_sentences(path: Path, text: str) -> list[str]:
    """What of the settings does not fit this Pi or this network. They are written all the same."""
    try:
        settings = EdgeSettings.checked(tomllib.loads(text), where=str(path))
    except (ConfigurationError, tomllib.TOMLDecodeError) as error:
        return [
            f"these settings do not fit this version of Roomtone ({error}); correct them in {path}"
        ]
    missing = [
        f"{hub.name} is set to {hub.port}, which is not here: plug that hub in, or correct the port "
        f"in {path} (`ls /dev/serial/by-id` shows those there are)"
        for hub in settings.hub
        if not (hub.port.startswith(USB) or Path(hub.port).exists())
    ]
    return missing + [
        f"{finding.said}: {finding.advice}" if finding.advice else finding.said
        for finding in broker_findings(settings, is_running=False)
        if finding.about == "broker" or finding.state == "wrong"
    ]


def _require_writable(directory: Path) -> None:
    """Before a code is used up; raises UsageError."""
    place = directory
    while not place.exists() and place != place.parent:
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise UsageError(
            f"This user can't write in {directory}: use sudo, or name another with --dir."
        )


def _owner(directory: Path) -> Own:
    """Gives files to the agent's user, when root writes them where the agent reads them."""
    if os.geteuid() != 0 or directory != DEFAULT_DIR:
        return lambda _: None
    try:
        user = pwd.getpwnam(_USER)
    except KeyError:
        say(f"there is no user {_USER} here yet, so the files are root's; install the agent, then "
            f"`chown -R {_USER} {directory}`")  # fmt: skip
        return lambda _: None
    return lambda path: os.chown(path, user.pw_uid, user.pw_gid)


def _start() -> None:
    """Start the agent, or start it again with what it is now, where systemd has its unit."""
    systemctl = shutil.which("systemctl")
    if systemctl is None or not Path("/run/systemd/system").is_dir() or os.geteuid() != 0:
        say("start the agent: sudo systemctl enable --now roomtone-edge")
        return
    for unit in _SERVICES:
        for words in (("enable", unit), ("restart", unit)):
            done = subprocess.run(  # noqa: S603 - fixed words
                (systemctl, *words), check=False, capture_output=True, text=True
            )
            if done.returncode:
                say(f"systemctl {' '.join(words)} failed: {done.stderr.strip()}")
                break
        else:
            say(f"{unit} is started")
