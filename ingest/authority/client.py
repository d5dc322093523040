"""Asks the authority, for pages and commands: codes for kits, the list of nodes, who is locked out."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final, TypeVar

from contract.enrolment.frames import HEAD_BYTES, length_of
from contract.enrolment.messages import Message, decode
from contract.errors import DecodeError, LinkError, StoreError, UsageError
from contract.language import _
from ingest.authority.asking import (
    AddCode,
    Certificate,
    Certify,
    CodeMade,
    Disconnected,
    Done,
    Failed,
    GetLists,
    GetNodes,
    GetPending,
    ListsMade,
    NodeList,
    PendingList,
    Revoke,
)
from ingest.authority.records import EnrolmentCode, Lists, NodeState

__all__ = ["AuthorityClient"]

_TIMEOUT_S: Final = 10.0
_Answer = TypeVar("_Answer", bound=Message)


class AuthorityClient:
    """Each method is one question over a connection of its own.

    All raise LinkError if the authority does not answer, UsageError for what can't be done as
    asked, and StoreError for what fails there.
    """

    def __init__(self, admin_socket: Path, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._path, self._timeout_s = admin_socket, timeout_s

    def new_code(self, site: str, room: str, node: str, settings_toml: str) -> EnrolmentCode:
        """A code with which one kit becomes `node` in a room, and gets this text as edge.toml."""
        question = AddCode(site=site, room=room, node=node, settings=settings_toml)
        return self._ask(question, CodeMade).record

    def nodes(self) -> list[NodeState]:
        """All nodes that have a code or ever got a certificate, by name."""
        found: list[NodeState] = []
        while True:
            after = found[-1].node if found else ""
            part = self._ask(GetNodes(after=after), NodeList)
            found += [row.record for row in part.nodes]
            if part.is_last:
                return found

    def revoke(self, node: str) -> None:
        """Lock a node out. Its connection ends within seconds; `nodes` says when it has."""
        self._ask(Revoke(node=node), Done)

    def certify(self, name: str, key: bytes, hosts: list[str]) -> tuple[str, str]:
        """The certificate for `broker` or `server`, and the authority's, as PEM; for root."""
        made = self._ask(Certify(name=name, key=key, hosts=hosts), Certificate)
        return made.pem, made.authority

    def lists(self) -> Lists:
        """What the broker needs: who may write where, and who is revoked."""
        return self._ask(GetLists(), ListsMade).record

    def pending(self) -> list[str]:
        """The revoked nodes whose connections are still to be ended."""
        return list(self._ask(GetPending(), PendingList).nodes)

    def disconnected(self, node: str) -> None:
        """Report that a revoked node has no connection any more."""
        self._ask(Disconnected(node=node), Done)

    def _ask(self, question: Message, wanted: type[_Answer]) -> _Answer:
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(self._timeout_s)
                link.connect(str(self._path))
                link.sendall(question.encode())
                body = _read(link, length_of(_read(link, HEAD_BYTES)))
        except PermissionError as error:
            raise LinkError(
                _(
                    "This user may not ask the authority ({path}): use sudo, or the user of the server’s "
                    "programs.",
                    path=self._path,
                )
            ) from error
        except (OSError, DecodeError) as error:
            raise LinkError(
                _(
                    "The authority does not answer at {path} ({error}): see that `roomtone authority` "
                    "runs, as roomtone-authority.service.",
                    path=self._path, error=error,
                )
            ) from error  # fmt: skip
        answer: Message = decode(body, wanted, Failed)
        if isinstance(answer, Failed):
            raise (UsageError if answer.is_usage else StoreError)(answer.sentence)
        assert isinstance(answer, wanted)
        return answer


def _read(link: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = link.recv(count - len(found))
        if not part:
            raise ConnectionError("it closed the connection")
        found += part
    return found
