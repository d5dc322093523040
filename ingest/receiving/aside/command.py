"""`roomtone aside`: look at messages that were kept aside, and have them played again."""

from __future__ import annotations

import argparse
import time
from contextlib import closing
from queue import Empty
from secrets import token_hex
from typing import Final

from contract.errors import LinkError, PayloadError, RoomtoneError, UsageError
from contract.mqtt.client_id import program_client_id
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused
from contract.one_line import say
from contract.topics import ingest_state
from contract.wire.messages import IngestState
from ingest.clocks.words import when_exactly
from ingest.config_option import add_config_option
from ingest.receiving.aside.replay import ReplayDone, ReplayRequest, request_topic, result_topic
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader
from ingest.stores.records import Aside

__all__ = ["add_arguments", "ask", "run"]

_ROW_BYTES: Final = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("list", help="what is kept aside, with topic and reason")
    show.add_argument("--limit", type=_whole, default=100, help="at most this many (100)")
    one = actions.add_parser("show", help="one message with its bytes")
    one.add_argument("id", type=_whole)
    replay = actions.add_parser("replay", help="put messages through ingest again")
    replay.add_argument("id", type=_whole, nargs="*", help="which (all of them)")
    replay.add_argument(
        "--timeout", type=_whole, default=30, metavar="SECONDS",
        help="how long to wait for ingest's answer (30)",
    )  # fmt: skip
    add_config_option(parser, actions)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 if something that was played again still does not fit."""
    settings = ServerSettings.load(args.config)
    if args.action == "replay":
        return _replay(settings, tuple(args.id), args.timeout)
    with closing(open_period_reader(settings.data_dir)) as reader:
        if args.action == "list":
            for aside in reader.aside(args.limit):
                say(_line(aside))
            say(f"{reader.count_aside()} kept aside")
            return 0
        found = next(iter(reader.aside(1, after=args.id - 1)), None)
        found = found if found is not None and found.id == args.id else None
    if found is None:
        raise UsageError(f"nothing with the id {args.id} is kept aside; `list` shows what is.")
    say(_line(found))
    for at in range(0, len(found.payload), _ROW_BYTES):
        row = found.payload[at : at + _ROW_BYTES]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        say(f"{at:06x}  {row.hex(' '):<47}  {text}")
    return 0


def ask(settings: ServerSettings, ids: tuple[int, ...], *, timeout_s: float) -> ReplayDone:
    """Have a running ingest play messages again; raises LinkError when it does not answer."""
    request = ReplayRequest(id=token_hex(8), ids=ids)
    state_topic = ingest_state(settings.site)
    broker = f"{settings.broker.host}:{settings.broker.port}"
    why = f"no answer from the broker {broker}"
    link = MqttLink(
        broker=settings.broker,
        client_id=program_client_id("aside"),
        others_write=True,
        will=None,
        subscriptions=(state_topic, result_topic(settings.site)),
    )
    until = time.monotonic() + timeout_s
    link.start()
    try:
        while (left := until - time.monotonic()) > 0:
            try:
                event = link.events.get(timeout=left)
            except Empty:
                break
            if isinstance(event, LinkUp):
                why = f"ingest has not said on {broker} that it is up; start `roomtone ingest`"
            elif isinstance(event, LinkDown):
                why = event.reason
            elif isinstance(event, Refused):
                why = f"the broker refused the request ({event.reason}); look at its ACL"
            elif isinstance(event, Received):
                link.acknowledge(event)
                if event.topic == state_topic and IngestState.decode(event.payload).is_up:
                    why = "ingest is up and did not answer; its log says why"
                    link.publish(request_topic(settings.site), request.encode())
                elif event.topic == result_topic(settings.site):
                    done = ReplayDone.decode(event.payload)
                    if done.id == request.id:
                        return done
    except PayloadError as error:
        raise LinkError(
            f"Ingest's answer can't be read ({error}); is it as new as this?"
        ) from error
    finally:
        link.stop()
    raise LinkError(f"Nothing was played again: {why}. All of it is still kept aside.")


def _replay(settings: ServerSettings, ids: tuple[int, ...], timeout_s: float) -> int:
    done = ask(settings, ids, timeout_s=timeout_s)
    for number, reason in done.unfit:
        say(f"{number}  still does not fit: {reason}")
    for number in done.unknown:
        say(f"{number}  is not kept aside")
    say(f"{done.kept} kept, {done.unfit_count} still aside")
    if ids and done.unknown_count == len(set(ids)):
        raise RoomtoneError("None of these is kept aside; `roomtone aside list` shows what is.")
    return 1 if done.unfit_count else 0


def _line(aside: Aside) -> str:
    return (
        f"{aside.id}  {when_exactly(aside.received_utc_ns)}  {aside.topic}  "
        f"{len(aside.payload)} bytes  {aside.reason}"
    )


def _whole(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
