"""The parent's side: starts the child, serves its reads, and believes nothing that it says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from contract.errors import VideoRefusedError
from school.video.media.messages import (
    ANSWER,
    HEADER,
    LEVELS,
    MAX_READ,
    MAX_WRITE,
    OFFSET,
    PATCH,
    PATCHED,
    PROGRESS,
    READ,
    REFUSED,
    RESULT,
    SHARE,
    SPAN,
    WRITE,
)
from school.video.media.records import Container, Sink, Source
from school.video.media.sentences import refusal

__all__ = ["Limits", "Task", "converse"]

Task = Literal["probe", "levels", "convert", "cut"]

_MAX_JSON: Final = 1 << 16
_MAX_LEVELS: Final = 16 << 20
_MAX_PAYLOAD: Final = MAX_WRITE + OFFSET.size
_ASK_EACH_S: Final = 0.5
"""So often `progress` is called though the child says nothing, so that its caller can give up."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a task may use."""

    memory_bytes: int
    """Of addresses, which is more than what is in use."""
    cpu_s: int
    wall_s: float
    silence_s: float = 120.0
    """Without a word from the child for so long, it hangs."""
    output_bytes: int = 0


@dataclass
class _Heard:
    """What the child has said so far."""

    levels: bytearray = field(default_factory=bytearray)
    written: int = 0
    share: float = 0.0
    is_patched: bool = False


class _ChildEndedError(Exception):
    """The child closed its end of the socket."""


def converse(
    task: Task,
    container: Container,
    source: Source,
    limits: Limits,
    *,
    sink: Sink | None = None,
    progress: Callable[[float], object] | None = None,
    more: Sequence[str] = (),
) -> tuple[dict[str, object], bytes]:
    """Run one task to its end: its result and levels. Raises VideoRefusedError.

    `more` is what the task has to know besides.

    An error of the source, the sink or `progress` passes through. The child has ended either way.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = subprocess.Popen(  # noqa: S603 (our own module, by our own Python)
            [*_command(task, container, source.size, theirs.fileno(), limits), *more],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"} | _LOADER,
            close_fds=True,
        )
        theirs.close()
        conversation = _Conversation(ours, source, limits, sink, progress)
        try:
            return conversation.run()
        except TimeoutError:
            raise refusal("too_slow") from None
        except _ChildEndedError:
            child.kill()
            raise _why_it_ended(child.wait()) from None
        finally:
            child.kill()
            child.wait()


_LOADER: Final = {
    name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH") if name in os.environ
}
"""What a Python outside the system's folders may need to start."""


def _command(
    task: Task, container: Container, size: int, descriptor: int, limits: Limits
) -> list[str]:
    numbers = (size, descriptor, limits.memory_bytes, limits.cpu_s)
    # -I: neither the environment nor the folder of work decides what is imported.
    module = "school.video.media.child"
    return [sys.executable, "-I", "-m", module, task, container, *map(str, numbers)]


def _why_it_ended(code: int) -> VideoRefusedError:
    # The kernel's SIGXCPU, or SIGKILL a second later.
    return refusal("too_slow" if code == -24 else "stopped")


class _Conversation:
    def __init__(
        self,
        link: socket.socket,
        source: Source,
        limits: Limits,
        sink: Sink | None,
        progress: Callable[[float], object] | None,
    ) -> None:
        self._link = link
        self._source = source
        self._limits = limits
        self._sink = sink
        self._progress = progress
        self._ends_at = time.monotonic() + limits.wall_s
        self._heard = _Heard()

    def run(self) -> tuple[dict[str, object], bytes]:
        """Answer until a result comes."""
        while True:
            kind, length = HEADER.unpack(self._receive(HEADER.size))
            if length > _MAX_PAYLOAD:
                raise refusal("stopped")
            payload = self._receive(length)
            if kind == RESULT:
                return _json(payload), bytes(self._heard.levels)
            if kind == REFUSED:
                values = _json(payload)
                raise refusal(str(values.get("reason")), str(values.get("detail")))
            self._answer(kind, payload)

    def _answer(self, kind: int, payload: bytes) -> None:
        if kind == READ and len(payload) == SPAN.size:
            self._serve(*SPAN.unpack(payload))
        elif kind == WRITE and self._sink is not None and not self._heard.is_patched:
            self._heard.written += len(payload)
            if self._heard.written > self._limits.output_bytes:
                raise refusal("too_large")
            self._sink.write(payload)
        elif kind == PATCH and self._sink is not None and len(payload) > OFFSET.size:
            self._patch(payload)
        elif kind == PROGRESS and len(payload) == SHARE.size:
            (share,) = SHARE.unpack(payload)
            if self._progress is not None and 0.0 <= share <= 1.0:
                self._heard.share = share
                self._progress(share)
        elif kind == LEVELS and len(self._heard.levels) + len(payload) <= _MAX_LEVELS:
            self._heard.levels += payload
        else:
            raise refusal("stopped")

    def _serve(self, offset: int, count: int) -> None:
        count = min(count, MAX_READ, max(self._source.size - offset, 0))
        data = self._source.read_at(offset, count) if count else b""
        self._link.settimeout(self._patience())
        try:
            self._link.sendall(ANSWER.pack(len(data)) + data)
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise _ChildEndedError from None

    def _patch(self, payload: bytes) -> None:
        (offset,) = OFFSET.unpack(payload[: OFFSET.size])
        data = payload[OFFSET.size :]
        if offset + len(data) > min(PATCHED, self._heard.written):
            raise refusal("stopped")
        self._heard.is_patched = True
        assert self._sink is not None
        self._sink.seek(offset)
        self._sink.write(data)

    def _patience(self) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, self._limits.silence_s)

    def _receive(self, count: int) -> bytes:
        data = bytearray()
        hangs_at = time.monotonic() + self._patience()
        while len(data) < count:
            left_s = hangs_at - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self._link.settimeout(min(left_s, _ASK_EACH_S))
            try:
                part = self._link.recv(count - len(data))
            except TimeoutError:
                if self._progress is not None:
                    self._progress(self._heard.share)
                continue
            except ConnectionResetError:
                part = b""
            if not part:
                raise _ChildEndedError
            data += part
            hangs_at = time.monotonic() + self._patience()
        return bytes(data)


def _json(payload: bytes) -> dict[str, object]:
    try:
        values = json.loads(payload) if len(payload) <= _MAX_JSON else None
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise refusal("stopped")
    return values
