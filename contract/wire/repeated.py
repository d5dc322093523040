"""Decodes batches that repeat the layout of their node's last one, without building the header again.

From one second to the next only three numbers of a batch's header change: the seq, the boot clock
and how long it waited. So the bytes around them are compared with those of the batch before, and
the values are cut out where they were then. Whatever differs goes to
`contract/wire/payload.py:decode`, which alone decides what is valid: the result is always the one
that it gives.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Self

import cbor2
import numpy as np

from contract.wire.cbor import TYPED_U8, TYPED_U16_LE
from contract.wire.payload import LONGEST_GAP, VERSION, Batch, Gap, Layout, decode, encode, rows_of

__all__ = ["RepeatDecoder"]

_MAX_COLUMNS: Final = 64
"""Ours are 18; a shape of thousands would take memory and gain nothing."""
_MAX_SHAPES: Final = 2
"""Live batches, and those of a backlog that comes beside them."""
_MAX_BOOT_NS: Final = (1 << 63) - 1
_MAX_WAITED_MS: Final = 1 << 53
_NULL: Final = 0xF6
_ONE_BYTE: Final = 24
"""A whole number's first byte is the number below this; from here on the width of what follows."""
_WIDTHS: Final = {24: ">B", 25: ">H", 26: ">I", 27: ">Q"}
_NUMBERS: Final = {head: struct.Struct(form) for head, form in _WIDTHS.items()}


@lru_cache(maxsize=256)
def _cut(form: str) -> struct.Struct:
    return struct.Struct(form)


@lru_cache(maxsize=256)
def _same(layout: Layout) -> Layout:
    """One layout for all that equal it, so that who compares them sees it at once."""
    return layout


@dataclass(frozen=True, slots=True)
class _Cut:
    """A whole payload, cut where its three numbers and its columns stand."""

    form: struct.Struct
    heads: tuple[bytes, ...]
    """What stands between them; with the first byte of a number that has more than one."""
    waits_in_head: bool
    """`waited_ms` is null, whose byte belongs to its head."""
    max_waited: int
    """More in `waited_ms` would not be the number itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """The bytes that batches of one node and layout have in common."""

    like: Batch
    """Without values: those of a batch are not kept here."""
    before_seq: bytes
    before_boot: bytes
    before_waited: bytes
    heads: tuple[bytes, ...]
    """What stands before each column of values."""
    columns: struct.Struct
    """Cuts what follows `waited_ms` into heads and columns in turn."""
    cuts: dict[int, _Cut] = field(default_factory=dict)
    """Length of a payload → how the last one of that length was cut."""

    @classmethod
    def of(cls, batch: Batch, payload: bytes) -> Self | None:
        """The shape of a batch that was written as `encode` writes it; None for any other."""
        layout, n = batch.layout, batch.n
        codes = len(layout.seat_codes) + len(layout.room_codes)
        if codes > _MAX_COLUMNS or encode(batch) != payload:
            return None
        dumps = cbor2.dumps
        part = dumps(13) + dumps(batch.part) if batch.part else b""
        fields = 13 if batch.part else 12
        heads: list[bytes] = []
        sizes: list[int] = []
        pending = b""
        for key, each, size in (
            (10, layout.seat_codes, 2 * n * len(layout.seats)), (11, layout.room_codes, 2 * n),
        ):  # fmt: skip
            pending += dumps(key) + dumps(dict.fromkeys(range(len(each))))[: _map_head(len(each))]
            for code in each:
                typed = dumps(cbor2.CBORTag(TYPED_U16_LE, bytes(size)))
                heads.append(pending + dumps(code) + typed[: len(typed) - size])
                sizes.append(size)
                pending = b""
        if pending:
            return None  # it ends with a map of nothing
        form = "".join(f"{len(head)}s{size}s" for head, size in zip(heads, sizes, strict=True))
        return cls(
            like=replace(batch, layout=_same(layout), values=np.empty((n, 0), np.uint16)),
            before_seq=dumps(dict.fromkeys(range(fields)))[:1]
            + b"".join(dumps(each) for each in (0, VERSION, 1, batch.node, 2, batch.run, 3)),
            before_boot=b"".join(dumps(each) for each in (4, n, 5)),
            before_waited=b"".join(
                dumps(each) for each in (6, batch.period_ns, 7, int(batch.synchronised))
            )
            + part
            + dumps(8)
            + dumps(cbor2.CBORTag(TYPED_U8, bytes(layout.seats)))
            + dumps(9),
            heads=tuple(heads),
            columns=_cut(form),
        )

    def batch(self, payload: bytes) -> Batch | None:
        """The batch in a payload of this shape; None if it is of another."""
        cut = self.cuts.get(len(payload))
        if cut is not None:
            fields = cut.form.unpack(payload)
            if fields[::2] == cut.heads:
                _, first_seq, _, boot_ns, _, waited = fields[:6]
                if cut.waits_in_head:
                    return self._batch(first_seq, boot_ns, None, fields[7::2])
                if waited <= cut.max_waited:
                    return self._batch(first_seq, boot_ns, waited, fields[7::2])
        return self._batch_of_other_widths(payload)

    def _batch_of_other_widths(self, payload: bytes) -> Batch | None:
        if not payload.startswith(self.before_seq):
            return None
        first_seq, boot_at = _number(payload, seq_at := len(self.before_seq))
        if not payload.startswith(self.before_boot, boot_at):
            return None
        boot_ns, waited_at = _number(payload, boot_at := boot_at + len(self.before_boot))
        if not payload.startswith(self.before_waited, waited_at):
            return None
        waited_at += len(self.before_waited)
        waited_ms: int | None = None
        if payload[waited_at] == _NULL:
            at = waited_at + 1
        else:
            waited_ms, at = _number(payload, waited_at)
        columns = self.columns
        if len(payload) - at != columns.size:
            return None
        cut = columns.unpack_from(payload, at)
        if cut[::2] != self.heads:
            return None
        batch = self._batch(first_seq, boot_ns, waited_ms, cut[1::2])
        if batch is not None:
            self._learn_widths(payload, seq_at, boot_at, waited_at)
        return batch

    def _batch(
        self, first_seq: int, boot_ns: int, waited_ms: int | None, columns: tuple[bytes, ...]
    ) -> Batch | None:
        if (
            first_seq > LONGEST_GAP
            or boot_ns > _MAX_BOOT_NS
            or (waited_ms is not None and waited_ms > _MAX_WAITED_MS)
        ):
            return None
        like = self.like
        return Batch(
            node=like.node, run=like.run, first_seq=first_seq, boot_ns=boot_ns,
            period_ns=like.period_ns, synchronised=like.synchronised, waited_ms=waited_ms,
            layout=like.layout, part=like.part,
            values=rows_of(np.frombuffer(b"".join(columns), dtype="<u2"), like.layout, like.n),
        )  # fmt: skip

    def _learn_widths(self, payload: bytes, seq_at: int, boot_at: int, waited_at: int) -> None:
        """Remember where a payload's parts stand, for the next one of its length."""
        seq, boot, waited = payload[seq_at], payload[boot_at], payload[waited_at]
        if seq not in _WIDTHS or boot not in _WIDTHS:
            return  # a run's first seconds, or a Pi's
        heads = [self.before_seq + bytes([seq]), self.before_boot + bytes([boot])]
        if waited in _WIDTHS:
            heads.append(self.before_waited + bytes([waited]))
            waited_form, max_waited = _WIDTHS[waited][1:], _MAX_WAITED_MS
        elif waited == _NULL:
            heads.append(self.before_waited + bytes([waited]))
            waited_form, max_waited = "0s", 0
        else:
            heads.append(self.before_waited)
            waited_form, max_waited = "B", _ONE_BYTE - 1
        numbers = _WIDTHS[seq][1:], _WIDTHS[boot][1:], waited_form
        form = "".join(f"{len(h)}s{n}" for h, n in zip(heads, numbers, strict=True))
        self.cuts[len(payload)] = _Cut(
            _cut(f">{form}{self.columns.format}"), (*heads, *self.heads),
            waited == _NULL, max_waited,
        )  # fmt: skip


class RepeatDecoder:
    """Remembers the shapes of each source's last batches; one thread only."""

    def __init__(self, *, max_sources: int = 8_192) -> None:
        self._shapes: dict[str, tuple[_Shape, ...]] = {}
        self._max_sources = max_sources

    def decode(self, source: str, payload: bytes) -> Batch | Gap:
        """What `contract/wire/payload.py:decode` makes of a payload, or its error."""
        known = self._shapes.get(source, ())
        for shape in known:
            try:
                batch = shape.batch(payload)
            except (IndexError, struct.error):  # it ends too early
                continue
            if batch is not None:
                return batch
        message = decode(payload)
        if isinstance(message, Batch):
            self._learn(source, message, payload, known)
        return message

    def _learn(self, source: str, batch: Batch, payload: bytes, known: tuple[_Shape, ...]) -> None:
        shape = _Shape.of(batch, payload)
        if shape is None:
            return
        if source not in self._shapes and len(self._shapes) >= self._max_sources:
            del self._shapes[next(iter(self._shapes))]  # if it is still there, it is learnt again
        self._shapes[source] = (shape, *known)[:_MAX_SHAPES]


def _map_head(items: int) -> int:
    """How many bytes a map's own head has."""
    return 1 if items < _ONE_BYTE else 2


def _number(payload: bytes, at: int) -> tuple[int, int]:
    """The whole number at a place, and where it ends; too large a one for anything else."""
    head = payload[at]
    if head < _ONE_BYTE:
        return head, at + 1
    number = _NUMBERS.get(head)
    if number is None:
        return 1 << 64, at + 1
    return number.unpack_from(payload, at + 1)[0], at + 1 + number.size
