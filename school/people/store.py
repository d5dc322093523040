"""People, their roles, sessions and invitations, in the school's database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.audit.records import Action, Detail
from school.database import SchoolDatabase
from school.people.data_subjects.held import HeldStore
from school.people.data_subjects.leaving import LeavingStore
from school.people.from_roster.store import RosterStore
from school.people.identities import identities_of, link, person_of, unlink
from school.people.invitation_rows import end_unused, invitations_of, open_invitation
from school.people.languages import LanguageStore, chosen_languages
from school.people.names import names_of
from school.people.program_tokens import TokenStore, end_tokens
from school.people.records import Credentials, Identity, Invitation, Person, Role, Session
from school.people.role_rows import write_roles
from school.people.session_rows import BY_TOKEN, SESSION, end_sessions, is_open, session_of
from school.people.tokens import new_id, new_token, token_hash
from school.people.ways_in import WaysInStore
from school.schema import former_people, invitations, people, roles, session_factors, sessions

__all__ = ["INVITATION_NS", "SESSION_NS", "PeopleStore"]

_DAY_NS: Final = 86_400 * SECOND_NS
INVITATION_NS: Final = 7 * _DAY_NS
SESSION_NS: Final = 7 * _DAY_NS
"""A session ends after this long, however often it is used."""
_SEEN_EACH_NS: Final = 600 * SECOND_NS
"""A session's last use is written this rarely, since a page asks for it many times."""
_MAX_BROWSER: Final = 200

_PERSON: Final = select(
    people.c.id, people.c.name, people.c.sign_in_name, people.c.password.is_not(None),
    people.c.second_factor.is_not(None), people.c.created_utc_ns,
    exists().where(former_people.c.person == people.c.id), chosen_languages.c.language,
).outerjoin(chosen_languages, chosen_languages.c.person == people.c.id)  # fmt: skip
_BY_ID: Final = _PERSON.where(people.c.id == bindparam("id"))
_ROLES: Final = select(roles.c.role).where(roles.c.person == bindparam("id"))


class PeopleStore:
    """Any number of programs may use it, each change in a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database
        self.tokens = TokenStore(database)
        """Those of programs."""
        self.held = HeldStore(database)
        """All that is kept about someone."""
        self.leaving = LeavingStore(database)
        """What becomes of someone who leaves."""
        self.languages = LanguageStore(database)
        """In which language each person reads."""
        self.ways_in = WaysInStore(database)
        """How each person can sign in."""
        self.roster = RosterStore(database)
        """Who came by a roster."""

    def add(
        self,
        name: str,
        sign_in_name: str,
        person_roles: Iterable[Role],
        by: Actor,
        *,
        person_id: str | None = None,
    ) -> Person:
        """Add someone, who can sign in once they have a password; raises UsageError."""
        name, sign_in_name = " ".join(name.split()), sign_in_name.strip().lower()
        if not name or not sign_in_name:
            raise UsageError(_("A person needs a name and a name to sign in with."))
        person_id = new_id() if person_id is None else person_id
        with self._database.writing() as connection:
            if connection.scalar(_with_sign_in_name(people.c.id, sign_in_name)) is not None:
                raise UsageError(
                    _("Someone signs in as {name} already; take another name.", name=sign_in_name)
                )
            connection.execute(
                insert(people),
                {
                    "id": person_id, "name": name, "sign_in_name": sign_in_name,
                    "second_factor_step": 0, "created_utc_ns": by.utc_ns,
                },
            )  # fmt: skip
            return _write_roles(connection, person_id, person_roles, by)

    def people(self) -> list[Person]:
        """Everyone who has not left, by name."""
        here = people.c.id.not_in(select(former_people.c.person))
        with self._database.reading() as connection:
            rows = connection.execute(
                _PERSON.where(here).order_by(people.c.name, people.c.id)
            ).all()
            return [_person_of(connection, row) for row in rows]

    def person(self, person_id: str) -> Person | None:
        with self._database.reading() as connection:
            return _person(connection, person_id)

    def named(self, sign_in_name: str) -> Person | None:
        """Who signs in with this name."""
        with self._database.reading() as connection:
            found = connection.scalar(_with_sign_in_name(people.c.id, sign_in_name.strip().lower()))
            person = None if found is None else _person(connection, found)
        return None if person is None or person.has_left else person

    def set_roles(self, person_id: str, person_roles: Iterable[Role], by: Actor) -> None:
        """Replace someone's roles; their sessions end, and tokens of roles that they had."""
        with self._database.writing() as connection:
            found = _write_roles(connection, person_id, person_roles, by)
            end_tokens(connection, person_id, found.roles, by)
            end_sessions(connection, person_id)

    def names(self, ids: Collection[str]) -> dict[str, str]:
        """What people are called, by id; whoever left is not in it."""
        with self._database.reading() as connection:
            return names_of(connection, ids)

    def credentials(self, sign_in_name: str) -> Credentials | None:
        """What a sign-in with this name is checked against."""
        columns = (
            people.c.id, people.c.password, people.c.second_factor, people.c.second_factor_step,
        )  # fmt: skip
        with self._database.reading() as connection:
            row = connection.execute(
                select(*columns).where(people.c.sign_in_name == sign_in_name.strip().lower())
            ).one_or_none()
        if row is None:
            return None
        return Credentials(
            person=row[0], password=row[1], second_factor=row[2], second_factor_step=row[3]
        )

    def set_password(self, person_id: str, hashed: str, by: Actor) -> None:
        """Replace someone's password; their sessions end, and links that nobody has used."""
        with self._database.writing() as connection:
            end_unused(connection, person_id)
            _write_password(connection, person_id, hashed)
            _record(connection, by, "changed_password", person_id)

    def set_second_factor(self, person_id: str, key: str | None, by: Actor, step: int = 0) -> None:
        """Set or remove it; `step` is that of the code that proved it."""
        with self._database.writing() as connection:
            detail = {"removed": 1} if key is None else {}
            _record(connection, by, "changed_second_factor", person_id, detail)
            connection.execute(
                update(people).where(people.c.id == person_id),
                {"second_factor": key, "second_factor_step": step},
            )

    def use_code(self, person_id: str, step: int) -> bool:
        """Note that the code of a time step is used up; False if it was already."""
        with self._database.recording() as connection:
            changed = connection.execute(
                update(people)
                .where(people.c.id == person_id, people.c.second_factor_step < step)
                .values(second_factor_step=step)
            )
            return bool(changed.rowcount)

    # --------------------------------------------------------------------------- sessions

    def start_session(
        self, person_id: str, browser: str, utc_ns: int, *, has_second_factor: bool = False
    ) -> str:
        """Start a session, and return its token: the value of the cookie.

        `has_second_factor`: an identity provider says that it used more than one factor.
        """
        token = new_token()
        with self._database.recording() as connection:
            connection.execute(delete(sessions).where(sessions.c.expires_utc_ns <= utc_ns))
            connection.execute(
                insert(sessions),
                {
                    "token_hash": token_hash(token), "id": new_id(), "person": person_id,
                    "created_utc_ns": utc_ns, "seen_utc_ns": utc_ns,
                    "expires_utc_ns": utc_ns + SESSION_NS, "browser": browser[:_MAX_BROWSER],
                },
            )  # fmt: skip
            if has_second_factor:
                connection.execute(insert(session_factors), {"token_hash": token_hash(token)})
            _actor(connection, person_id, utc_ns).record(connection, "signed_in", "people")
        return token

    def session(self, token: str, utc_ns: int) -> tuple[Session, Person] | None:
        """The session of a cookie with its person; None if there is none, or it is over."""
        hashed = token_hash(token)
        with self._database.reading() as connection:
            row = connection.execute(BY_TOKEN, {"token_hash": hashed}).one_or_none()
            session = None if row is None else session_of(row)
            if session is None or not is_open(session, utc_ns):
                return None
            person = _person(connection, session.person)
        if person is None:
            return None
        if utc_ns - session.seen_utc_ns >= _SEEN_EACH_NS:
            with self._database.recording() as connection:
                connection.execute(
                    update(sessions).where(sessions.c.token_hash == hashed),
                    {"seen_utc_ns": utc_ns},
                )
        return session, person

    def sessions(self, person_id: str, utc_ns: int) -> list[Session]:
        """Someone's open sessions, the latest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                SESSION.where(sessions.c.person == person_id).order_by(
                    sessions.c.created_utc_ns.desc(), sessions.c.id
                )
            ).all()
        return [found for found in map(session_of, rows) if is_open(found, utc_ns)]

    def end_session(self, person_id: str, session_id: str, utc_ns: int) -> None:
        """End one of someone's own sessions."""
        with self._database.recording() as connection:
            gone = connection.execute(
                delete(sessions).where(sessions.c.person == person_id, sessions.c.id == session_id)
            )
            if gone.rowcount:
                _actor(connection, person_id, utc_ns).record(connection, "signed_out", "people")

    # --------------------------------------------------------------------------- invitations

    def invite(self, person_id: str, by: Actor) -> str:
        """Make an invitation, and return its token. Earlier ones and all sessions end."""
        token = new_token()
        with self._database.writing() as connection:
            is_again = bool(invitations_of(connection, person_id, 0))
            end_unused(connection, person_id)
            end_sessions(connection, person_id)
            connection.execute(
                insert(invitations),
                {
                    "token_hash": token_hash(token), "person": person_id, "made_by": by.name,
                    "created_utc_ns": by.utc_ns, "expires_utc_ns": by.utc_ns + INVITATION_NS,
                },
            )  # fmt: skip
            person = _person(connection, person_id)
            is_reset = person is not None and person.has_password
            is_reset = is_reset or bool(identities_of(connection, person_id))
            action: Action = "reset_sent" if is_reset else "invited"
            detail = {"again": 1} if is_again and not is_reset else {}
            _record(connection, by, action, person_id, detail)
        return token

    def invited(self, token: str, utc_ns: int) -> Person | None:
        """Who is invited by a link that still works."""
        with self._database.reading() as connection:
            found = connection.scalar(open_invitation(token, utc_ns))
            return None if found is None else _person(connection, found)

    def redeem(self, token: str, hashed: str, utc_ns: int) -> Person | None:
        """Use up an invitation for a password; None if it was used already, or is over."""
        with self._database.writing() as connection:
            found = _use_invitation(connection, token, utc_ns)
            if found is None:
                return None
            _write_password(connection, found, hashed)
            return _person(connection, found)

    def redeem_with_account(
        self, token: str, issuer: str, subject: str, utc_ns: int
    ) -> Person | None:
        """Use up an invitation to link a school account; None if it was used already, or is over.

        Raises UsageError if the account is linked to someone else; the invitation stays then.
        """
        with self._database.writing() as connection:
            found = _use_invitation(connection, token, utc_ns)
            if found is None:
                return None
            if link(connection, found, issuer, subject, utc_ns):
                _record(connection, _actor(connection, found, utc_ns), "linked_account", found)
            end_sessions(connection, found)
            return _person(connection, found)

    def with_account(self, issuer: str, subject: str) -> Person | None:
        """Who has linked a school account."""
        with self._database.reading() as connection:
            found = person_of(connection, issuer, subject)
            return None if found is None else _person(connection, found)

    def accounts(self, person_id: str) -> list[Identity]:
        """The school accounts that someone has linked."""
        with self._database.reading() as connection:
            return identities_of(connection, person_id)

    def unlink_account(self, person_id: str, identity: str, by: Actor) -> None:
        """Remove one of someone's school accounts.

        Raises UsageError if it is one's own and one has no password. If someone else removes it, it
        may be in wrong hands: all sessions end, those too that began with it.
        """
        is_own = by.person == person_id
        with self._database.writing() as connection:
            person = _person(connection, person_id)
            if is_own and (person is None or not person.has_password):
                raise UsageError(
                    _(
                        "You have no password yet, so you could not sign in any more. Ask an "
                        "administrator for a link to choose one first."
                    )
                )
            if unlink(connection, person_id, identity):
                _record(connection, by, "unlinked_account", person_id)
                if not is_own:
                    end_sessions(connection, person_id)

    def invitations(self, person_id: str, since_utc_ns: int) -> list[Invitation]:
        """Those made for someone since a time, the latest first."""
        with self._database.reading() as connection:
            return invitations_of(connection, person_id, since_utc_ns)

    def count(self) -> int:
        """How many people there are."""
        with self._database.reading() as connection:
            return int(connection.scalars(select(func.count()).select_from(people)).one())


def _person(connection: Connection, person_id: str) -> Person | None:
    row = connection.execute(_BY_ID, {"id": person_id}).one_or_none()
    return None if row is None else _person_of(connection, row)


def _person_of(connection: Connection, row: Row[*tuple[Any, ...]]) -> Person:
    held = connection.scalars(_ROLES, {"id": row[0]}).all()
    return Person(
        id=row[0], name=row[1], sign_in_name=row[2], roles=frozenset(held),
        has_password=bool(row[3]), has_second_factor=bool(row[4]), created_utc_ns=row[5],
        has_left=bool(row[6]), language=row[7],
    )  # fmt: skip


def _write_roles(
    connection: Connection, person_id: str, person_roles: Iterable[Role], by: Actor
) -> Person:
    before = _person(connection, person_id)
    assert before is not None
    write_roles(connection, person_id, before.name, person_roles, by)
    return replace(before, roles=frozenset(person_roles))


def _record(
    connection: Connection, by: Actor, action: Action, person_id: str, detail: Detail | None = None
) -> None:
    found = _person(connection, person_id)
    if found is not None:
        by.record_about(connection, action, found.id, found.name, detail=detail)


def _actor(connection: Connection, person_id: str, utc_ns: int) -> Actor:
    found = _person(connection, person_id)
    assert found is not None
    return Actor(name=found.name, utc_ns=utc_ns, person=found.id)


def _write_password(connection: Connection, person_id: str, hashed: str) -> None:
    connection.execute(update(people).where(people.c.id == person_id), {"password": hashed})
    end_sessions(connection, person_id)


def _use_invitation(connection: Connection, token: str, utc_ns: int) -> str | None:
    """Use one up, and return whose it was."""
    found: str | None = connection.scalar(open_invitation(token, utc_ns))
    if found is not None:
        connection.execute(
            update(invitations).where(invitations.c.token_hash == token_hash(token)),
            {"used_utc_ns": utc_ns},
        )
        _actor(connection, found, utc_ns).record(connection, "redeemed", "people")
    return found


def _with_sign_in_name(column: Any, sign_in_name: str) -> Select[Any]:
    return select(column).where(people.c.sign_in_name == sign_in_name)
