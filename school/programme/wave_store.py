"""Waves of a roll-out in the school's database."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.audit.records import Action
from school.programme.tables import wave_criteria, wave_sites, waves
from school.programme.waves import Criterion, Wave
from school.rooms.checks import require_name, require_title
from school.rooms.tables import sites
from school.sql_store import SqlStore, put_row

__all__ = ["WaveStore"]

_WAVES: Final = select(waves).order_by(waves.c.starts_on, waves.c.title, waves.c.name)
_SITES: Final = select(wave_sites).order_by(wave_sites.c.site)
_CRITERIA: Final = select(wave_criteria).order_by(wave_criteria.c.place)


class WaveStore(SqlStore):
    """Each change in a transaction of its own, with who made it in the audit log."""

    def waves(self) -> list[Wave]:
        """All of them, the first one first."""
        with self._database.reading() as connection:
            return _waves(connection)

    def put(self, wave: Wave, by: Actor) -> None:
        """Add a wave, or change the one with its name; raises UsageError."""
        require_name(wave.name)
        require_title(wave.title)
        with self._database.writing() as connection:
            others = {each.name: each for each in _waves(connection)}
            before = others.pop(wave.name, None)
            if before == wave:
                return
            _require_sites(connection, wave, others)
            row = {"name": wave.name, "title": wave.title, "starts_on": wave.starts_on.isoformat()}
            put_row(connection, waves, row)
            for table in (wave_sites, wave_criteria):
                connection.execute(delete(table).where(table.c.wave == wave.name))
            if wave.sites:
                connection.execute(
                    insert(wave_sites),
                    [{"wave": wave.name, "site": site} for site in sorted(wave.sites)],
                )
            if wave.criteria:
                connection.execute(insert(wave_criteria), _criteria(wave))
            action: Action = "described" if before is None else "changed_description"
            by.record(connection, action, "wave", wave.name)

    def remove(self, name: str, by: Actor) -> bool:
        """Forget a wave; its schools stay, and so do months that are counted."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(waves).where(waves.c.name == name))
            if gone.rowcount:
                by.record(connection, "removed_description", "wave", name)
            return bool(gone.rowcount)


def _require_sites(connection: Connection, wave: Wave, others: dict[str, Wave]) -> None:
    titles = {row.name: row.title or row.name for row in connection.execute(select(sites)).all()}
    for site in sorted(wave.sites):
        if site not in titles:
            raise UsageError(
                _(
                    "There is no school {site}; add it first, with `roomtone site add`.",
                    site=site[:60],
                )
            )
        taken = next((each.title for each in others.values() if site in each.sites), None)
        if taken is not None:
            raise UsageError(
                _(
                    "{school} is in the wave {wave} already; a school is in one wave.",
                    school=titles[site],
                    wave=taken,
                )
            )


def _criteria(wave: Wave) -> list[dict[str, Any]]:
    return [
        {
            "wave": wave.name, "place": place, "figure": each.figure, "words": each.words,
            "at_least": each.at_least, "value": each.value,
        }
        for place, each in enumerate(wave.criteria)
    ]  # fmt: skip


def _waves(connection: Connection) -> list[Wave]:
    of_sites: dict[str, set[str]] = {}
    for row in connection.execute(_SITES).all():
        of_sites.setdefault(row.wave, set()).add(row.site)
    criteria: dict[str, list[Criterion]] = {}
    for row in connection.execute(_CRITERIA).all():
        criteria.setdefault(row.wave, []).append(
            Criterion(
                figure=row.figure, at_least=row.at_least, words=row.words, value=row.value
            )
        )  # fmt: skip
    return [
        Wave(
            name=row.name, title=row.title, starts_on=date.fromisoformat(row.starts_on),
            sites=frozenset(of_sites.get(row.name, ())), criteria=tuple(criteria.get(row.name, ())),
        )
        for row in connection.execute(_WAVES).all()
    ]  # fmt: skip
