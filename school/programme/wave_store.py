"""Waves of a roll-out in the school's database."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import chain, count
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.audit.records import Action
from school.programme.tables import coverage_months, wave_criteria, wave_sites, waves
from school.programme.waves import Criterion, Wave
from school.rooms.checks import require_name, require_title
from school.rooms.tables import sites
from school.sql_store import SqlStore, put_row

__all__ = ["MAX_NAME", "WaveStore"]

MAX_NAME: Final = 32
"""Letters of a wave's name, which is made of what it is called first."""
_WAVES: Final = select(waves).order_by(waves.c.starts_on, waves.c.title, waves.c.name)
_SITES: Final = select(wave_sites).order_by(wave_sites.c.site)
_CRITERIA: Final = select(wave_criteria).order_by(wave_criteria.c.place)


class WaveStore(SqlStore):
    """Each change in a transaction of its own, with who made it in the audit log."""

    def waves(self) -> list[Wave]:
        """All of them, the first one first."""
        with self._database.reading() as connection:
            return _waves(connection)

    def add(self, wave: Wave, by: Actor) -> Wave:
        """Add a wave under a name that none ever had whose months are counted; raises UsageError.

        A wave that took over the name of a removed one would take over its months.
        """
        with self._database.writing() as connection:
            taken = {each.name for each in _waves(connection)} | _counted(connection)
            tried = chain([wave.name], (_numbered(wave.name, at) for at in count(2)))
            added = replace(wave, name=next(name for name in tried if name not in taken))
            _put(connection, added, by)
        return added

    def put(self, wave: Wave, by: Actor) -> None:
        """Add a wave, or change the one with its name; raises UsageError.

        Raises it also for a new wave with the name of a removed one whose months are counted.
        """
        with self._database.writing() as connection:
            _put(connection, wave, by)

    def remove(self, name: str, by: Actor) -> bool:
        """Forget a wave; its schools stay, and so do months that are counted."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(waves).where(waves.c.name == name))
            if gone.rowcount:
                by.record(connection, "removed_description", "wave", name)
            return bool(gone.rowcount)


def _put(connection: Connection, wave: Wave, by: Actor) -> None:
    require_name(wave.name)
    require_title(wave.title)
    others = {each.name: each for each in _waves(connection)}
    before = others.pop(wave.name, None)
    if before == wave:
        return
    if before is None and wave.name in _counted(connection):
        raise UsageError(
            _(
                "Months of an earlier wave are counted under the name {name}: take another one.",
                name=wave.name,
            )
        )
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


def _counted(connection: Connection) -> frozenset[str]:
    """The names of all waves that a counted month has."""
    return frozenset(
        each["name"]
        for body in connection.scalars(select(coverage_months.c.body)).all()
        for each in json.loads(body)
        if each["kind"] == "wave"
    )


def _numbered(name: str, number: int) -> str:
    end = f"-{number}"
    return name[: MAX_NAME - len(end)].rstrip("-") + end


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
