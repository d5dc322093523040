"""What a kit and the authority send each other; each is one frame.

A kit enrols with `Hello`, `Welcome`, `Request`, `Grant`, and renews its certificate with `Renewal`,
`Renewed`. In the place of any answer `Refusal` may come.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.enrolment.codes import MAX_SLOTS, CodeForm
from contract.enrolment.frames import frame, unpack
from contract.errors import PayloadError, UnknownVersionError, shortened
from contract.settings import Name

__all__ = [
    "VERSION",
    "Grant",
    "Hello",
    "Identity",
    "Message",
    "Reason",
    "Refusal",
    "Renewal",
    "Renewed",
    "Request",
    "Welcome",
    "decode",
]

VERSION: Final = 1
Reason = Literal["code", "revoked", "too old", "version", "not usable", "busy"]

_Der = Annotated[bytes, Field(min_length=1, max_length=4_096)]
_Digest = Annotated[bytes, Field(min_length=32, max_length=32)]
_Element = Annotated[bytes, Field(min_length=33, max_length=33)]
_Sealed = Annotated[bytes, Field(min_length=16, max_length=1 << 15)]


class Message(BaseModel):
    """The base: strict about every field."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    kind: str

    def encode(self) -> bytes:
        """The frame."""
        return frame(self.model_dump())

    @classmethod
    def checked(cls, fields: dict[Any, Any]) -> Self:
        """Build from a map; raises PayloadError for the first field that does not fit."""
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the message"
            raise PayloadError(where, shortened(first["msg"], 120)) from None


class Hello(Message):
    """The kit begins: which code it has, its own new key, its element of the key exchange."""

    kind: Literal["hello"] = "hello"
    version: Literal[1] = VERSION
    slot: Annotated[int, Field(ge=0, lt=MAX_SLOTS)]
    form: CodeForm
    key: _Der
    """The public key, as SubjectPublicKeyInfo."""
    element: _Element


class Welcome(Message):
    """The authority proves that it knows the code."""

    kind: Literal["welcome"] = "welcome"
    authority: _Der
    """Its certificate."""
    element: _Element
    proof: _Digest
    tries_left: Annotated[int, Field(ge=0)]
    """Of this code, if this one fails. It is only good for a sentence: nothing proves it yet."""


class Request(Message):
    """The kit proves that it knows the code, and asks for a certificate."""

    kind: Literal["request"] = "request"
    proof: _Digest
    sealed: _Sealed
    """A PKCS #10 request for the key of `Hello`."""


class Grant(Message):
    """An `Identity` that only the kit can read."""

    kind: Literal["grant"] = "grant"
    sealed: _Sealed


class Identity(Message):
    """What a kit is from now on."""

    kind: Literal["identity"] = "identity"
    site: Name
    room: Name
    node: Name
    certificate: _Der
    settings: Annotated[str, Field(max_length=1 << 14)]
    """The text of its edge.toml."""
    now: int
    """UTC in seconds, by the server's clock."""


class Renewal(Message):
    """A kit asks for a new certificate; its old key signs for the new one."""

    kind: Literal["renewal"] = "renewal"
    version: Literal[1] = VERSION
    certificate: _Der
    """The one that it has, expired or not."""
    request: _Der
    """A PKCS #10 request for a new key."""
    signature: Annotated[bytes, Field(min_length=8, max_length=200)]

    purpose: ClassVar[bytes] = b"roomtone renewal 1\0"
    """What is signed: this, then `request`."""


class Renewed(Message):
    """The new certificate."""

    kind: Literal["renewed"] = "renewed"
    certificate: _Der
    now: int


class Refusal(Message):
    """Why nothing comes of it, in a sentence for the person at the kit."""

    kind: Literal["refusal"] = "refusal"
    reason: Reason
    text: Annotated[str, Field(max_length=600)]


_Wanted = TypeVar("_Wanted", bound=Message)


def decode(body: bytes, *wanted: type[_Wanted]) -> _Wanted:
    """The message in a frame's body, which is one of the kinds in `wanted`.

    Raises PayloadError, and UnknownVersionError if a later version wrote it.
    """
    fields = unpack(body)
    kinds = {kind.model_fields["kind"].default: kind for kind in wanted}
    name = fields.get("kind")
    found = kinds.get(name) if isinstance(name, str) else None
    if found is None:
        known = " or ".join(map(str, kinds))
        raise PayloadError("kind", f"{shortened(repr(name), 40)}, expected {known}")
    if "version" in found.model_fields and fields.get("version") != VERSION:
        raise UnknownVersionError("version", fields.get("version"), VERSION)
    return found.checked(fields)
