"""A site's authority for pages' tests: it keeps what it is asked, and a test says what kits do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contract.enrolment.codes import QrText
from contract.errors import LinkError
from ingest.authority.records import EnrolmentCode, NodeState

NOBODY = NodeState(
    node="", site="", room="", enrolled_at=None, valid_until=None, code="none", code_expires=None,
    tries_left=0, revoked_at=None, disconnected_at=None,
)  # fmt: skip


class FakeAuthority:
    """`KitAuthority` without a key."""

    def __init__(self) -> None:
        self.known: dict[str, NodeState] = {}
        self.settings: dict[str, str] = {}
        """Node → the edge.toml that goes with its code."""
        self.is_down = False

    def new_code(self, site: str, room: str, node: str, settings_toml: str) -> EnrolmentCode:
        self._answer()
        expires = datetime.now(UTC) + timedelta(minutes=15)
        self.settings[node] = settings_toml
        before = self.known.get(node, NOBODY)
        self.known[node] = replace(
            before, node=node, site=site, room=room, code="open", code_expires=expires, tries_left=5
        )
        text = QrText("server.school.example", 8885, 4, "a" * 26, bytes(32))
        return EnrolmentCode(code="482913", qr_text=str(text), expires=expires)

    def nodes(self) -> list[NodeState]:
        self._answer()
        return [self.known[node] for node in sorted(self.known)]

    def revoke(self, node: str) -> None:
        self._answer()
        self.known[node] = replace(
            self.known.get(node, NOBODY), node=node, code="none", valid_until=None,
            revoked_at=datetime.now(UTC),
        )  # fmt: skip

    def enrol(self, node: str) -> None:
        """A kit has used its code."""
        now = datetime.now(UTC)
        self.known[node] = replace(
            self.known[node], code="none", enrolled_at=now, valid_until=now + timedelta(days=90)
        )

    def _answer(self) -> None:
        if self.is_down:
            raise LinkError("The authority does not answer.")
