"""What the server's own programs ask of the authority through its Unix socket, and what it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from contract.enrolment.messages import Message
from contract.language import _
from contract.settings import Name
from ingest.authority.records import CodeState, EnrolmentCode, Lists, NodeState

__all__ = [
    "AddCode",
    "Certificate",
    "Certify",
    "CodeMade",
    "Disconnected",
    "Done",
    "Failed",
    "GetLists",
    "GetNodes",
    "GetPending",
    "ListsMade",
    "NodeList",
    "NodeRow",
    "PendingList",
    "Revoke",
]

_Seconds = int | None


class AddCode(Message):
    """Make a code for a node."""

    kind: Literal["add code"] = "add code"
    site: str
    room: str
    node: str
    settings: str


class CodeMade(Message):
    """Answers `AddCode`."""

    kind: Literal["code made"] = "code made"
    code: str
    qr_text: str
    expires: int

    @property
    def record(self) -> EnrolmentCode:
        return EnrolmentCode(code=self.code, qr_text=self.qr_text, expires=_time(self.expires))


class GetNodes(Message):
    """List the nodes."""

    kind: Literal["get nodes"] = "get nodes"
    after: str = ""
    """Only those whose names come later: a list comes in parts."""


class NodeRow(Message):
    """A `NodeState`."""

    kind: Literal["node"] = "node"
    node: str
    site: str
    room: str
    enrolled_at: _Seconds
    valid_until: _Seconds
    code: CodeState
    code_expires: _Seconds
    tries_left: int
    revoked_at: _Seconds
    disconnected_at: _Seconds

    @property
    def record(self) -> NodeState:
        return NodeState(
            node=self.node, site=self.site, room=self.room, code=self.code,
            tries_left=self.tries_left, enrolled_at=_maybe(self.enrolled_at),
            valid_until=_maybe(self.valid_until), code_expires=_maybe(self.code_expires),
            revoked_at=_maybe(self.revoked_at), disconnected_at=_maybe(self.disconnected_at),
        )  # fmt: skip

    @classmethod
    def of(cls, state: NodeState) -> NodeRow:
        return cls(
            node=state.node, site=state.site, room=state.room, code=state.code,
            tries_left=state.tries_left, enrolled_at=_seconds(state.enrolled_at),
            valid_until=_seconds(state.valid_until), code_expires=_seconds(state.code_expires),
            revoked_at=_seconds(state.revoked_at), disconnected_at=_seconds(state.disconnected_at),
        )  # fmt: skip


class NodeList(Message):
    """Answers `GetNodes`."""

    kind: Literal["node list"] = "node list"
    nodes: list[NodeRow]
    is_last: bool


class Revoke(Message):
    """Lock a node out."""

    kind: Literal["revoke"] = "revoke"
    node: str


class Done(Message):
    """It is done, and nothing more is to be said."""

    kind: Literal["done"] = "done"


class Certify(Message):
    """Only root and the authority's own user may ask for it."""

    kind: Literal["certify"] = "certify"
    name: str
    key: Annotated[bytes, Field(max_length=4_096)]
    """A public key, as SubjectPublicKeyInfo."""
    hosts: Annotated[list[Annotated[str, Field(max_length=253)]], Field(max_length=20)]


class Certificate(Message):
    """Answers `Certify`."""

    kind: Literal["certificate"] = "certificate"
    pem: str
    authority: str


class GetLists(Message):
    """What the broker needs."""

    kind: Literal["get lists"] = "get lists"


class ListsMade(Message):
    """Answers `GetLists`."""

    kind: Literal["lists"] = "lists"
    number: int
    access: str
    revoked: str
    authority: str
    probe_certificate: str
    probe_key: str

    @property
    def record(self) -> Lists:
        return Lists(**self.model_dump(exclude={"kind"}))


class GetPending(Message):
    """Which connections are still to be ended."""

    kind: Literal["get pending"] = "get pending"


class PendingList(Message):
    """Answers `GetPending`."""

    kind: Literal["pending"] = "pending"
    nodes: list[Name]


class Disconnected(Message):
    """A revoked node has no connection any more."""

    kind: Literal["disconnected"] = "disconnected"
    node: Name


class Failed(Message):
    """Why nothing was done, in one sentence."""

    kind: Literal["failed"] = "failed"
    text: str
    is_usage: bool
    message: str = ""
    """The same as a message of the catalogue, with its values; "" where there is none."""
    values: dict[str, str] = Field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """It in the reader's language."""
        return _(self.message, **self.values) if self.message else self.text


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe(seconds: int | None) -> datetime | None:
    return None if seconds is None else _time(seconds)


def _seconds(when: datetime | None) -> int | None:
    return None if when is None else int(when.timestamp())
