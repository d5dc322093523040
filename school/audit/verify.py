"""Walks the whole audit log and says whether it is as it was written.

In bounded memory, beside programs that append and retire: what is appended meanwhile is checked as
well, and a gap counts only if no signed head in the database covers it by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError
from school.audit.chain import START, entry_hash
from school.audit.heads import HEADS, KEY, AuditKey, HeadsFile, is_signed, iso
from school.audit.log import HashedRow, SignedHead, Tip, rows_after, signed_head
from school.database import SchoolDatabase

__all__ = ["Verdict", "Verification"]

_BATCH: Final = 2_000
_REPORT_EACH_NS: Final = 5 * SECOND_NS
_MAX_FAULTS: Final = 10
_COMPARE: Final = "compare it with a backup, and find out who can write the database"
_HEADS_BACK: Final = "compare it with the copies that you keep elsewhere"
_LOWEST: Final = -(1 << 62)
_HOW: Final = "docs/audit.md says what to do then"


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What a verification has found."""

    entries: int = 0
    first_utc_ns: int = 0
    last_utc_ns: int = 0
    heads: int = 0
    """Heads outside the database that were checked."""
    removed: int = 0
    """The last entry that retention removed, by the signed head."""
    faults: list[str] = field(default_factory=list)
    """A sentence each; of many, the first ones."""
    n_faults: int = 0

    def add(self, fault: str) -> None:
        self.n_faults += 1
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(fault)


class Verification:
    """One walk over the entries, the head in the database, and the heads outside it."""

    def __init__(
        self,
        *,
        database: SchoolDatabase,
        directory: Path,
        clock: Clock,
        say: Callable[[str], None],
        heads: Path | None = None,
    ) -> None:
        """With `heads`, a copy of the heads that was kept elsewhere is checked in their place."""
        self._database = database
        self._key_file = AuditKey(directory)
        self._file = HeadsFile(directory / HEADS if heads is None else heads)
        self._clock = clock
        self._say = say
        self._verdict = Verdict()
        self._key: bytes | None = None
        self._before = Tip(0, START)
        """The entry that the next one has to follow."""
        self._reported_ns = clock.elapsed_ns()

    def run(self) -> Verdict:
        """Check everything; raises StoreError where something can't be read."""
        size = self._file.size()  # every entry of a head of now is in the database already
        self._read_key(size)
        self._skip_removed()
        self._check_beginning()
        heads = self._checked_heads(size)
        head = self._compare_up_to(next(heads, None), heads)
        while batch := self._next_batch():
            for entry in batch:
                self._check(entry)
                head = self._compare_up_to(head, heads)
            self._report()
        if head is not None:
            for last in heads:
                head = last
            self._add_cut_tail(head)
        return self._verdict

    def _read_key(self, heads_size: int) -> None:
        try:
            self._key = self._key_file.read()
        except StoreError as error:
            self._verdict.add(str(error))
            return
        with self._database.reading() as connection:
            has_head = signed_head(connection) is not None
        if self._key is None and (has_head or heads_size):
            self._verdict.add(
                f"{self._key_file.path} is missing, so no signature can be checked: copy it back "
                "from a backup."
            )
        elif self._key is not None and not heads_size:
            self._verdict.add(
                f"{self._file.path} is missing or empty, though {KEY} has signed heads in it: copy "
                "it back from a backup, and find out who removed it."
            )

    def _skip_removed(self) -> bool:
        """Go to behind what retention has removed; False if that is no further than here."""
        with self._database.reading() as connection:
            head = signed_head(connection)
        if head is None or head.number <= self._before.number:
            return False
        if self._key is not None and not is_signed("removed", head, self._key):
            self._verdict.add(
                f"The head in the database (entry {head.number}, {iso(head.at_utc_ns)}) has a wrong "
                f"signature, not by {self._key_file.path}: it was not retention that removed the "
                f"entries up to there; {_HOW}."
            )
        self._before = Tip(head.number, head.hash)
        self._verdict.removed = head.number
        return True

    def _check_beginning(self) -> None:
        """No entry may stand where the head says that retention has removed all."""
        with self._database.reading() as connection:
            first = next(rows_after(connection, _LOWEST, 1), None)
        if first is not None and first.row.number <= self._before.number:
            self._verdict.add(
                f"Entry {first.row.number} stands before the first one that can be there, "
                f"{self._before.number + 1}: someone has added it; {_COMPARE}."
            )

    def _next_batch(self) -> list[HashedRow]:
        with self._database.reading() as connection:
            return list(rows_after(connection, self._before.number, _BATCH))

    def _check(self, entry: HashedRow) -> None:
        number, at, verdict = entry.row.number, iso(entry.row.at_utc_ns), self._verdict
        is_next = number == self._before.number + 1
        if not is_next and self._skip_removed():  # retention went on meanwhile
            if number <= self._before.number:
                return  # and removed this one after it was read
            is_next = number == self._before.number + 1
        if not is_next:
            self._add_gap(number)
        elif entry_hash(self._before.hash, entry.row) != entry.hash:
            whose = f"it or entry {number - 1}" if verdict.entries else "it"
            verdict.add(
                f"Entry {number} of {at} does not fit the chain: {whose} was changed after it was "
                f"written; {_COMPARE}."
            )
        self._before = Tip(number, entry.hash)
        if not verdict.entries:
            verdict.first_utc_ns = entry.row.at_utc_ns
        verdict.last_utc_ns = entry.row.at_utc_ns
        verdict.entries += 1

    def _add_gap(self, number: int) -> None:
        first, last = self._before.number + 1, number - 1
        which = f"Entry {first} is" if first == last else f"Entries {first} to {last} are"
        if self._before.number == 0:
            self._verdict.add(
                f"{which} missing at the beginning, and no signed head says that retention removed "
                f"them: {_COMPARE}."
            )
        else:
            self._verdict.add(f"{which} missing: someone has removed them; {_COMPARE}.")

    def _checked_heads(self, size: int) -> Iterator[SignedHead]:
        """The heads outside the database, in order; what is wrong with a line alone is noted."""
        highest = 0
        for line in self._file.lines(size):
            head, where = line.head, f"Line {line.number} of {self._file.path}"
            if head is None:
                self._verdict.add(f"{where} is no head: it was changed; {_HEADS_BACK}.")
            elif self._key is not None and not is_signed("newest", head, self._key):
                self._verdict.add(
                    f"{where} (entry {head.number}, {iso(head.at_utc_ns)}) has a wrong signature, "
                    f"not by {KEY} beside it: it was changed; {_HEADS_BACK}."
                )
            elif head.number < highest:
                self._verdict.add(
                    f"{where} is about entry {head.number}, and an earlier line about {highest}: "
                    f"lines were moved; {_HEADS_BACK}."
                )
            else:
                highest = head.number
                self._verdict.heads += 1
                yield head

    def _compare_up_to(
        self, head: SignedHead | None, heads: Iterator[SignedHead]
    ) -> SignedHead | None:
        """Compare the heads up to the entry that was checked last; the first one behind it."""
        while head is not None and head.number <= self._before.number:
            if head.number == self._before.number and head.hash != self._before.hash:
                self._verdict.add(
                    f"Entry {head.number} is another one than {self._file.path.name} noted at "
                    f"{iso(head.at_utc_ns)}: the entries up to it were written again since; "
                    f"{_COMPARE}. If you put back an earlier copy of the database, that is the "
                    f"reason: {_HOW}."
                )
            head = next(heads, None)
        return head

    def _add_cut_tail(self, head: SignedHead) -> None:
        last = self._before.number
        ends = f"ends with entry {last}" if last else "has no entry"
        self._verdict.add(
            f"The newest entries are missing: the database {ends}, and {self._file.path.name} noted "
            f"entry {head.number} at {iso(head.at_utc_ns)}; {_COMPARE}. If you put back an earlier copy "
            f"of the database, that is the reason: {_HOW}."
        )

    def _report(self) -> None:
        now_ns = self._clock.elapsed_ns()
        if now_ns - self._reported_ns >= _REPORT_EACH_NS:
            self._reported_ns = now_ns
            self._say(f"checked {self._verdict.entries} entries so far ...")
