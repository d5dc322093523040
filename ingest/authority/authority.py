"""The authority: who gets a code, what a code is good for, who is locked out.

It reads no socket and no clock of its own: requests come in as messages, and time is passed in.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from contract.enrolment.codes import MAX_SLOTS, QrText, new_digits, new_secret
from contract.errors import DecodeError, EnrolmentError, UsageError
from contract.language import N_
from contract.topics import Topic
from ingest.authority.access_list import RESERVED, Place, access_list
from ingest.authority.failures import NotPossibleError
from ingest.authority.records import CodeState, EnrolmentCode, Lists, NodeState
from ingest.authority.settings import AuthoritySettings
from ingest.authority.signing import Purpose, Signing, public_key_of
from ingest.authority.state import MAX_TRIES, AuthorityState, Code, Kit

__all__ = ["CODE_LIFE", "Authority"]

log = logging.getLogger(__name__)

CODE_LIFE: Final = timedelta(minutes=15)
_SERVER_LIFE: Final = timedelta(days=825)
_PROBE_LIFE: Final = timedelta(days=1)
_MAX_SETTINGS: Final = 12_000
_MAX_HELD: Final = 40
"""Valid certificates of one kit; a kit needs two."""


class Authority:
    """Codes, kits and certificates of the sites of one server."""

    def __init__(
        self, *, settings: AuthoritySettings, sites: Sequence[str], signing: Signing,
        state: AuthorityState, now: Callable[[], datetime], more_access: str = "",
    ) -> None:  # fmt: skip
        self.settings = settings
        self._sites, self._more_access = tuple(sites), more_access
        self.signing, self.state, self._now = signing, state, now
        self._lists: Lists | None = None

    @property
    def seconds(self) -> int:
        """UTC now."""
        return int(self._now().timestamp())

    # What pages and commands ask for.

    def new_code(self, site: str, room: str, node: str, settings: str) -> EnrolmentCode:
        """A code with which one kit becomes `node`; an earlier one of that node ends. UsageError."""
        self._require_names(site, room, node)
        if len(settings.encode()) > _MAX_SETTINGS:
            raise NotPossibleError(
                N_("The settings of {node} have more than {n} bytes; shorten them."),
                node=node, n=_MAX_SETTINGS,
            )  # fmt: skip
        now = self.seconds
        slot = self._free_slot(node, now)
        digits, secret = new_digits(), new_secret()
        expires = now + int(CODE_LIFE.total_seconds())
        with self.state.changing():
            self.state.add_code(
                slot=slot, node=node, site=site, room=room, digits=digits, secret=secret,
                settings=settings, expires=expires,
            )  # fmt: skip
        self.publish()  # the broker knows the kit before it connects
        log.info("A code for %s/%s/%s is open for 15 minutes.", site, room, node)
        return EnrolmentCode(
            code=f"{slot}{digits}", qr_text=self._qr(slot, secret), expires=_utc(expires)
        )

    def nodes(self) -> list[NodeState]:
        """All nodes that have a code or ever got a certificate, by name."""
        codes = {code.node: code for code in self.state.codes()}
        kits = {kit.node: kit for kit in self.state.kits()}
        return [
            self._node(node, kits.get(node), codes.get(node)) for node in sorted({*codes, *kits})
        ]

    def revoke(self, node: str) -> None:
        """Lock a node out: its code and its certificates are void from now on. UsageError."""
        now = self.seconds
        with self.state.changing():
            kit = self.state.kit(node)
            known = [code for code in self.state.codes() if code.node == node]
            if kit is None and not known:
                raise NotPossibleError(
                    N_(
                        "There is no node {node} with a certificate or a code; `roomtone node list` "
                        "shows those there are."
                    ),
                    node=node,
                )
            self.state.drop_code(node)
            count = self.state.revoke_certificates(node, now)
            self.state.mark_revoked(node, now)
        log.warning("%s is revoked: %d certificates.", node, count)
        self.publish()

    def pending(self) -> list[str]:
        """The revoked nodes whose connections have not been ended yet."""
        return [kit.node for kit in self.state.kits() if kit.revoked and kit.disconnected is None]

    def disconnected(self, node: str) -> None:
        """The broker refuses the node and has no connection of it any more."""
        with self.state.changing():
            self.state.mark_disconnected(node, self.seconds)
        log.info("%s is locked out.", node)
        self.publish()  # its lines in the access list go; until then its will was published

    def certify(self, name: str, key: bytes, hosts: Sequence[str]) -> str:
        """A certificate as PEM for the broker or for the server's programs; UsageError."""
        if name not in {"broker", "server"}:
            raise UsageError(f"Only `broker` and `server` get such a certificate, not {name}.")
        purpose: Purpose = "broker" if name == "broker" else "server"
        try:
            public = public_key_of(key)
        except DecodeError as error:
            raise UsageError(f"The key for {name} can't be used ({error}).") from error
        made = self.signing.issue(
            name, public, purpose, until=self._now() + _SERVER_LIFE, hosts=hosts
        )
        log.info("Made a certificate for the %s.", name)
        return made.public_bytes(serialization.Encoding.PEM).decode()

    # The lists for the broker.

    @property
    def lists(self) -> Lists:
        if self._lists is None:
            self.publish()
        assert self._lists is not None
        return self._lists

    def publish(self) -> None:
        """Make new lists: of who is revoked, and of who may write where."""
        key = ec.generate_private_key(ec.SECP256R1())
        probe = self.signing.issue(
            "probe", key.public_key(), "kit", until=self._now() + _PROBE_LIFE
        )
        with self.state.changing():
            number = self.state.next_number()
        serials = [*self.state.revoked_serials(), probe.serial_number]
        self._lists = Lists(
            number=number, access=access_list(self._sites, self._places(), more=self._more_access),
            revoked=self.signing.revoked_list(serials, number),
            authority=self.signing.certificate_pem,
            probe_certificate=probe.public_bytes(serialization.Encoding.PEM).decode(),
            probe_key=key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        )  # fmt: skip

    def _places(self) -> list[Place]:
        """Where who may write: each kit in its room, and in that of its open code.

        A revoked kit stays until its connection has ended, so that its will is published.
        """
        now = self.seconds
        places = [
            Place(kit.node, kit.site, kit.room)
            for kit in self.state.kits()
            if kit.disconnected is None
        ]
        return places + [
            Place(code.node, code.site, code.room)
            for code in self.state.codes()
            if _state_of(code, now) == "open"
        ]

    # Names, slots and what is shown.

    def _require_names(self, site: str, room: str, node: str) -> None:
        try:
            Topic(site, room, node, "state")
        except DecodeError as error:
            raise NotPossibleError(
                N_("No code for {node}: {why}."), node=node, why=error.what
            ) from error
        if node in RESERVED:
            raise NotPossibleError(
                N_("A kit can't be called {node}: choose another name."), node=node
            )
        if site not in self._sites:
            raise NotPossibleError(
                N_(
                    "This server does not keep the site {site}: add it to `more_sites` in its "
                    "settings, and restart `roomtone authority`."
                ),
                site=site,
            )

    def _free_slot(self, node: str, now: int) -> int:
        """The first digit of a new code; codes that are over give theirs up."""
        codes = self.state.codes()
        own = next((code.slot for code in codes if code.node == node), None)
        if own is not None:
            return own
        taken = {code.slot: code for code in codes}
        for slot in range(MAX_SLOTS):
            if slot not in taken:
                return slot
        over = [code for code in codes if _state_of(code, now) != "open"]
        if not over:
            raise NotPossibleError(
                N_(
                    "{n} codes are open already; use them or wait until one is over, which takes 15 "
                    "minutes at most."
                ),
                n=MAX_SLOTS,
            )
        return min(over, key=lambda code: code.expires).slot

    def _qr(self, slot: int, secret: str) -> str:
        if not self.settings.address:
            return ""
        fingerprint = hashlib.sha256(self.signing.certificate_der).digest()
        return str(QrText(self.settings.address, self.settings.port, slot, secret, fingerprint))

    def _node(self, node: str, kit: Kit | None, code: Code | None) -> NodeState:
        place = kit or code
        assert place is not None
        ends = self.state.expiry_of(node)
        state: CodeState = "none" if code is None else _state_of(code, self.seconds)
        return NodeState(
            node=node, site=place.site, room=place.room,
            enrolled_at=_utc(kit.enrolled) if kit else None,
            valid_until=_utc(ends) if ends is not None else None,
            code=state, code_expires=_utc(code.expires) if code else None,
            tries_left=MAX_TRIES - code.tries if code and state == "open" else 0,
            revoked_at=_utc(kit.revoked) if kit and kit.revoked else None,
            disconnected_at=_utc(kit.disconnected) if kit and kit.disconnected else None,
        )  # fmt: skip

    # What a conversation with a kit asks for.

    def open_code(self, slot: int) -> Code:
        """The open code in a slot, with one more try counted; raises EnrolmentError."""
        with self.state.changing():
            code = self.state.code_in(slot)
            state = "none" if code is None else _state_of(code, self.seconds)
            if code is None or state != "open":
                raise EnrolmentError("code", _NO_CODE[state])
            self.state.count_try(code)
        left = MAX_TRIES - code.tries - 1
        log.info("A kit tries the code of %s; %d more tries are left.", code.node, left)
        return code

    def enrol(self, code: Code, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """Use a code up, and make its node's certificate; raises EnrolmentError."""
        now = self.seconds
        made = self._kit_certificate(code.node, key)
        with self.state.changing():
            if now >= code.expires or not self.state.take_code(code):
                raise EnrolmentError("code", _NO_CODE["expired" if now >= code.expires else "none"])
            self.state.put_kit(code.node, code.site, code.room, now)
            self._keep(made, code.node, key)
            # Whatever had the name before is another kit now, or the same one with a new key.
            self.state.revoke_certificates(code.node, now, but=made.serial_number)
        self.publish()
        log.info("%s/%s/%s is enrolled.", code.site, code.room, code.node)
        return made

    def renew(self, node: str, key: ec.EllipticCurvePublicKey) -> bytes:
        """The certificate for a node's new key; the same one if it asks again."""
        if (der := self.state.certificate_for(node, _digest(key))) is not None:
            return der
        if self.state.count_valid(node, self.seconds) >= _MAX_HELD:
            raise EnrolmentError(
                "busy",
                f"{node} renews its certificate again and again: see whether its clock is right, and "
                "that its card was not copied to a second kit.",
            )
        made = self._kit_certificate(node, key)
        with self.state.changing():
            der = self._keep(made, node, key)
        log.info("The certificate of %s is renewed.", node)
        return der

    def _kit_certificate(self, node: str, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        until = self._now() + timedelta(days=self.settings.kit_days)
        return self.signing.issue(node, key, "kit", until=until)

    def _keep(self, made: x509.Certificate, node: str, key: ec.EllipticCurvePublicKey) -> bytes:
        der = made.public_bytes(serialization.Encoding.DER)
        self.state.add_certificate(
            made.serial_number, node, _digest(key), der, int(made.not_valid_after_utc.timestamp())
        )
        return der


_NO_CODE: Final = {
    "none": "No code is open that begins like this: it is mistyped, or was used already. Make a new "
    "one on the page of the room if it was.",
    "expired": "This code was good for 15 minutes and is over: make a new one on the page of the "
    "room.",
    "void": "This code is void after five wrong tries: make a new one on the page of the room. If "
    "those tries were not yours, somebody in the network guesses codes.",
}


def _state_of(code: Code, now: int) -> CodeState:
    if code.tries >= MAX_TRIES:
        return "void"
    return "expired" if now >= code.expires else "open"


def _digest(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def _utc(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
