"""Learning platforms and people's accounts there, in the school's database."""

from __future__ import annotations

from secrets import token_hex
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select

from contract.errors import UsageError
from contract.language import N_, _
from school.audit.actor import Actor
from school.audit.records import Action
from school.lti.records import LinkedAccount, Platform, check_deployment
from school.lti.tables import lti_accounts, lti_deployments, lti_platforms
from school.schema import people, sessions
from school.sql_store import SqlStore

__all__ = ["PlatformStore"]

_PLATFORMS: Final = select(lti_platforms).order_by(lti_platforms.c.name)
_DEPLOYMENTS: Final = select(lti_deployments)
_LINKED: Final = (
    select(lti_accounts.c.id, lti_platforms.c.title, lti_accounts.c.created_utc_ns)
    .join(lti_platforms, lti_platforms.c.name == lti_accounts.c.platform)
    .order_by(lti_accounts.c.created_utc_ns, lti_accounts.c.id)
)
_TAKEN: Final = N_(
    "This account of {platform} is linked to someone else here already. They can remove the link "
    "on their account page."
)
_GONE: Final = N_("{platform} is not set up here any more. Ask an administrator.")


class PlatformStore(SqlStore):
    """Each change in a transaction of its own, with who made it in the audit log."""

    def platforms(self) -> list[Platform]:
        """All, by name."""
        with self._database.reading() as connection:
            return _platforms(connection, _PLATFORMS)

    def platform(self, name: str) -> Platform | None:
        """The one of that name."""
        with self._database.reading() as connection:
            return _one(connection, name)

    def of_issuer(self, issuer: str, client_id: str | None) -> list[Platform]:
        """Those of an issuer; with a client id, one at most."""
        wanted = _PLATFORMS.where(lti_platforms.c.issuer == issuer)
        if client_id is not None:
            wanted = wanted.where(lti_platforms.c.client_id == client_id)
        with self._database.reading() as connection:
            return _platforms(connection, wanted)

    def add(self, platform: Platform, by: Actor) -> None:
        """Register a platform; raises UsageError if it does not fit, or is there already."""
        platform.check()
        row = {
            "name": platform.name, "title": platform.title, "issuer": platform.issuer,
            "client_id": platform.client_id, "auth_url": platform.auth_url,
            "jwks_url": platform.jwks_url, "added_utc_ns": by.utc_ns,
        }  # fmt: skip
        with self._database.writing() as connection:
            if _one(connection, platform.name) is not None:
                raise UsageError(f"there is a platform {platform.name} already.")
            same = select(lti_platforms.c.name).where(
                lti_platforms.c.issuer == platform.issuer,
                lti_platforms.c.client_id == platform.client_id,
            )
            if (taken := connection.scalar(same)) is not None:
                raise UsageError(f"{taken} has this issuer and client id already.")
            connection.execute(insert(lti_platforms), row)
            _put_deployments(connection, platform.name, platform.deployments)
            by.record(connection, "added_platform", "platform", platform.name)

    def add_deployment(self, name: str, deployment: str, by: Actor) -> None:
        """Accept launches from one more deployment; raises UsageError."""
        check_deployment(deployment)
        with self._database.writing() as connection:
            found = _require(connection, name)
            if deployment in found.deployments:
                raise UsageError(f"{name} has this deployment already.")
            _put_deployments(connection, name, [deployment])
            by.record(connection, "changed_platform", "platform", name)

    def remove_deployment(self, name: str, deployment: str, by: Actor) -> int:
        """Refuse launches from it; how many links went with it. Raises UsageError.

        Who has linked an account there is signed out.
        """
        with self._database.writing() as connection:
            if deployment not in _require(connection, name).deployments:
                raise UsageError(f"{name} has no such deployment.")
            gone = _remove_links(
                connection, lti_accounts.c.platform == name, lti_accounts.c.deployment == deployment
            )
            connection.execute(
                delete(lti_deployments).where(
                    lti_deployments.c.platform == name,
                    lti_deployments.c.deployment == deployment,
                )
            )
            by.record(connection, "changed_platform", "platform", name)
        return gone

    def remove(self, name: str, by: Actor) -> int:
        """Forget a platform; how many links went with it. Raises UsageError.

        Who has linked an account there is signed out: it may be removed since others got into it,
        and which session a launch began is not kept.
        """
        with self._database.writing() as connection:
            _require(connection, name)
            gone = _remove_links(connection, lti_accounts.c.platform == name)
            connection.execute(delete(lti_deployments).where(lti_deployments.c.platform == name))
            connection.execute(delete(lti_platforms).where(lti_platforms.c.name == name))
            by.record(connection, "removed_platform", "platform", name)
        return gone

    # --------------------------------------------------------------------------- people's accounts

    def person_of(self, name: str, deployment: str, subject: str) -> str | None:
        """The id of who has linked an account."""
        with self._database.reading() as connection:
            return _owner(connection, name, deployment, subject)

    def link(self, name: str, deployment: str, subject: str, by: Actor) -> bool:
        """Link an account to who is acting; False if it already was. Raises UsageError."""
        assert by.person is not None
        with self._database.writing() as connection:
            platform = _one(connection, name)
            if platform is None or deployment not in platform.deployments:
                raise UsageError(_(_GONE, platform=name if platform is None else platform.title))
            owner = _owner(connection, name, deployment, subject)
            if owner is not None:
                if owner != by.person:
                    raise UsageError(_(_TAKEN, platform=platform.title))
                return False
            connection.execute(
                insert(lti_accounts),
                {
                    "platform": name, "deployment": deployment, "subject": subject, "id": token_hex(8),
                    "person": by.person, "created_utc_ns": by.utc_ns,
                },
            )  # fmt: skip
            _record_about(connection, by, "linked_platform", by.person)
        return True

    def accounts(self, person: str) -> list[LinkedAccount]:
        """Someone's linked accounts, the oldest first."""
        rows = self._read(_LINKED.where(lti_accounts.c.person == person))
        return [
            LinkedAccount(id=row.id, platform=row.title, created_utc_ns=row.created_utc_ns)
            for row in rows
        ]

    def unlink_all(self, person: str, by: Actor) -> int:
        """Remove all that someone has linked, since others may have got in; how many there were.

        Their sessions end, those too that began with a launch.
        """
        with self._database.writing() as connection:
            gone = connection.execute(delete(lti_accounts).where(lti_accounts.c.person == person))
            if gone.rowcount:
                connection.execute(delete(sessions).where(sessions.c.person == person))
                _record_about(connection, by, "unlinked_platform", person)
        return int(gone.rowcount)

    def unlink(self, person: str, account: str, by: Actor) -> bool:
        """Remove one of someone's own; False if there is none."""
        with self._database.writing() as connection:
            gone = connection.execute(
                delete(lti_accounts).where(
                    lti_accounts.c.person == person, lti_accounts.c.id == account
                )
            )
            if gone.rowcount:
                _record_about(connection, by, "unlinked_platform", person)
        return bool(gone.rowcount)


def _remove_links(connection: Connection, *which: ColumnElement[bool]) -> int:
    """Remove links with the sessions of those whose they are; how many links there were."""
    linked = select(lti_accounts.c.person).where(*which)
    connection.execute(delete(sessions).where(sessions.c.person.in_(linked)))
    return int(connection.execute(delete(lti_accounts).where(*which)).rowcount)


def _platforms(connection: Connection, wanted: Select[*tuple[object, ...]]) -> list[Platform]:
    deployments: dict[str, set[str]] = {}
    for name, deployment in connection.execute(_DEPLOYMENTS).all():
        deployments.setdefault(name, set()).add(deployment)
    return [
        Platform(
            name=row.name, title=row.title, issuer=row.issuer, client_id=row.client_id,
            auth_url=row.auth_url, jwks_url=row.jwks_url,
            deployments=frozenset(deployments.get(row.name, ())),
        )
        for row in connection.execute(wanted).all()
    ]  # fmt: skip


def _one(connection: Connection, name: str) -> Platform | None:
    found = _platforms(connection, _PLATFORMS.where(lti_platforms.c.name == name))
    return found[0] if found else None


def _require(connection: Connection, name: str) -> Platform:
    found = _one(connection, name)
    if found is None:
        raise UsageError(f"there is no platform {name}; `roomtone lti list` prints all.")
    return found


def _put_deployments(
    connection: Connection, name: str, deployments: frozenset[str] | list[str]
) -> None:
    rows = [{"platform": name, "deployment": each} for each in sorted(deployments)]
    if rows:
        connection.execute(insert(lti_deployments), rows)


def _owner(connection: Connection, name: str, deployment: str, subject: str) -> str | None:
    wanted = select(lti_accounts.c.person).where(
        lti_accounts.c.platform == name,
        lti_accounts.c.deployment == deployment,
        lti_accounts.c.subject == subject,
    )
    return connection.scalar(wanted)


def _record_about(connection: Connection, by: Actor, action: Action, person: str) -> None:
    name = connection.scalar(select(people.c.name).where(people.c.id == person))
    if name is not None:
        by.record_about(connection, action, person, name)
