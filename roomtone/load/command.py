"""`roomtone load`: simulated districts on MQTT, and what was kept and scored of them, how late."""

from __future__ import annotations

import argparse
import ipaddress
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from contract.one_line import one_line
from contract.settings import BrokerSettings
from roomtone.demo.broker import mosquitto_path
from roomtone.demo.new_folder import new_folder
from roomtone.demo.run import interrupted_by, minutes, seed
from roomtone.load.plan import EPOCH, LoadPlan, fault_of, limits_sentence
from roomtone.load.run import LoadError, run_load

__all__ = ["add_arguments", "run"]

DESCRIPTION: Final = f"""\
Send what simulated rooms would send, over MQTT and without serial lines. All rooms are in a lesson;
their kits hold each second until ingest acknowledges it, and send again what it does not.
Without --broker it starts Mosquitto, ingest and score on a temporary folder, reads their stores
like any other program, and ends with what was sent, kept and scored, how late a score could be
seen after its last second was over, and what CPU and memory each process took. It exits with 1 if
anything was lost, changed, doubled or not scored.

The limits: {limits_sentence()}.

faults, for --fault KIND@SECOND or KIND@SECOND:DURATION (3 s if it is not given):
  broker-restart   the broker is killed, and started again
  ingest-kill      the same with ingest
  score-kill       the same with score
  slow-link        between kits and broker there is room for half of what is sent live

  roomtone load --rooms 40 --minutes 2
  roomtone load --rooms 1200 --seats 30 --minutes 10 --json
  roomtone load --rooms 100 --minutes 1 --fault ingest-kill@20 --fault broker-restart@40:5
"""

_SITE: Final = "load"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = DESCRIPTION
    parser.add_argument("--rooms", type=int, default=40, help="rooms (default: 40)")
    parser.add_argument("--seats", type=int, default=30, help="seats in each (default: 30)")
    parser.add_argument(
        "--minutes", type=minutes, default=2.0,
        help=f"simulated minutes, in whole {EPOCH} seconds (default: 2)",
    )  # fmt: skip
    parser.add_argument(
        "--rate", type=float, default=1.0, metavar="N",
        help="seconds that each room sends in a second (default: 1, which is live)",
    )  # fmt: skip
    parser.add_argument(
        "--in-step",
        action="store_true",
        help=f"all rooms are scored in the same second of each {EPOCH}, as if all kits had been "
        "switched on at once (default: a fifth of them in each second)",
    )
    parser.add_argument(
        "--fault", action="append", default=[], metavar="KIND@SECOND",
        help="break something at a second, see above; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=seed, default=1, help="seed of the simulated lesson (default: 1)"
    )
    parser.add_argument(
        "--broker", metavar="HOST[:PORT]",
        help="send to this broker instead of starting one; what was kept is then known from the "
        "acknowledgements, and scores are not looked at",
    )  # fmt: skip
    parser.add_argument(
        "--load-another-machine", action="store_true",
        help="confirms that --broker may name another machine than this one, where a load can "
        "stop real kits from being heard",
    )  # fmt: skip
    parser.add_argument(
        "--site", default=_SITE, help=f"with --broker: the site of its ingest (default: {_SITE})"
    )
    for name, what in (
        ("ca-file", "the authority of the broker's certificate; switches TLS on"),
        ("certificate-file", "this client's certificate"),
        ("key-file", "its private key"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="PEM", help=f"with --broker: {what}")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER",
        help="keep stores and logs in this new folder (default: a temporary one, deleted at the "
        "end)",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object as the last line"
    )


def run(arguments: argparse.Namespace) -> int:
    """0 if everything was kept and scored, else 1."""
    broker = _broker(arguments)
    plan = LoadPlan(
        rooms=arguments.rooms, seats=arguments.seats, rate=arguments.rate,
        periods=round(arguments.minutes * 60 / EPOCH) * EPOCH,
        site=arguments.site, faults=tuple(map(fault_of, arguments.fault)), seed=arguments.seed,
        is_in_step=arguments.in_step,
    )  # fmt: skip
    if broker is not None and plan.faults:
        raise UsageError(
            "--fault breaks programs that roomtone load has started, so not with --broker."
        )
    if broker is None and mosquitto_path() is None:
        raise LoadError(
            "roomtone load needs Mosquitto, which is not installed here: install the package "
            "mosquitto, or name a broker with --broker."
        )

    def report(line: str) -> None:
        print(one_line(line), file=sys.stderr, flush=True)

    with _folder(arguments.keep) as folder, interrupted_by(signal.SIGTERM, signal.SIGHUP):
        outcome = run_load(plan, folder, broker=broker, report=report)
    for line in outcome.lines():
        print(line)
    if arguments.json:
        print(outcome.as_json(), flush=True)
    return 0 if outcome.is_whole else 1


def _broker(arguments: argparse.Namespace) -> BrokerSettings | None:
    """The broker that is there already; None to start one."""
    if arguments.broker is None:
        for name in ("ca_file", "certificate_file", "key_file"):
            if getattr(arguments, name) is not None:
                raise UsageError(f"--{name.replace('_', '-')} needs --broker.")
        return None
    host, _, port = arguments.broker.rpartition(":")
    if not host or not port.isdecimal():
        host, port = arguments.broker, "8883" if arguments.ca_file else "1883"
    host = host.strip("[]")
    if not arguments.load_another_machine and not _is_loopback(host):
        raise UsageError(
            f"--broker {host} is not this machine: a load there can stop real kits from being heard; "
            "if that is meant, add --load-another-machine."
        )
    return BrokerSettings.checked(
        {
            "host": host, "port": int(port), "ca_file": arguments.ca_file,
            "certificate_file": arguments.certificate_file, "key_file": arguments.key_file,
        },
        where="--broker",
    )  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        folder = Path(tempfile.mkdtemp(prefix="roomtone-load-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    yield new_folder(keep)
