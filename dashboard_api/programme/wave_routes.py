"""Waves of a roll-out: which schools begin when, what is to be met, and one wave beside another."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.programme.entered import entered
from dashboard_api.programme.wave_view import (
    WaveFields,
    compared,
    wave_cards,
    wave_csv,
    wave_fields,
)
from dashboard_api.views.days import day_of
from dashboard_api.web.access import ReadsCounts, RunsProgramme
from dashboard_api.web.files import csv_file
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.ids import id_of
from school.programme.wave_store import MAX_NAME
from school.programme.waves import MAX_OWN, Criterion, Figure, Wave
from school.sharing.policy import may_at_all

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Field(max_length=200)]
Number = Annotated[
    Annotated[float, Field(allow_inf_nan=False)] | None,
    BeforeValidator(lambda given: None if given == "" else given),
]


class _WaveForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Text = ""
    starts_on: date
    sites: Annotated[list[Text], Field(max_length=1_000)] = []
    with_cycle: Number = None
    running: Number = None
    own_words: Annotated[list[Text], Field(max_length=MAX_OWN)] = []
    own_least: Annotated[list[Number], Field(max_length=MAX_OWN)] = []
    own_value: Annotated[list[Number], Field(max_length=MAX_OWN)] = []

    def wave(self, name: str) -> Wave:
        """Raises UsageError."""
        if not name or not self.title.strip():
            raise UsageError(_("A wave needs a name with a letter or a digit."))
        shares: tuple[tuple[Figure, float | None], ...] = (
            ("with_cycle", self.with_cycle),
            ("running", self.running),
        )
        criteria = [
            Criterion(figure=figure, at_least=least)
            for figure, least in shares
            if least is not None
        ]
        padded = [*self.own_least, *[None] * MAX_OWN], [*self.own_value, *[None] * MAX_OWN]
        words = [*self.own_words, *[""] * MAX_OWN][:MAX_OWN]
        for text, least, value in zip(words, *padded, strict=False):
            plain = " ".join(text.split())
            if not plain and least is None and value is None:
                continue
            if least is None:
                raise UsageError(_("Say how much “{words}” is to be at least.", words=plain))
            criteria.append(Criterion(figure="own", at_least=least, words=plain, value=value))
        return Wave(
            name=name, title=" ".join(self.title.split()), starts_on=self.starts_on,
            sites=frozenset(self.sites), criteria=tuple(criteria),
        )  # fmt: skip

    def fields(self) -> WaveFields:
        """As they were typed."""
        padded = [
            [*map(entered, given), *[""] * MAX_OWN] for given in (self.own_least, self.own_value)
        ]
        words = [*self.own_words, *[""] * MAX_OWN][:MAX_OWN]
        return WaveFields(
            title=self.title, starts_on=self.starts_on.isoformat(), sites=self.sites,
            share_of={"with_cycle": entered(self.with_cycle), "running": entered(self.running)},
            own=list(zip(words, *padded, strict=False)),
        )  # fmt: skip


WaveForm = Annotated[_WaveForm, Form()]


@router.get("/programme/waves")
async def waves_page(request: Request, viewer: ReadsCounts, store: StoreDep) -> Response:
    return await store.run(lambda stores: _page(request, stores, viewer))


@router.get("/programme/waves.csv")
async def waves_file(viewer: ReadsCounts, store: StoreDep) -> Response:
    """Each wave in each month that is counted."""

    def query(stores: Stores) -> Response:
        stores.audit.record_export(viewer.actor, "programme", "", file="table")
        return csv_file("waves.csv", wave_csv(stores.waves.waves(), stores.coverage.months()))

    return await store.run(query)


@router.post("/programme/waves")
async def add_wave(
    request: Request, viewer: RunsProgramme, store: StoreDep, form: WaveForm
) -> Response:
    """Add a wave under a name that is made of its title."""
    name = id_of(form.title)[:MAX_NAME].strip("-")

    def add(stores: Stores) -> Response:
        if any(name in {each.name, id_of(each.title)} for each in stores.waves.waves()):
            sentence = _("There is a wave of that name already.")
            return _page(request, stores, viewer, sentence, form.fields())
        try:
            stores.waves.add(form.wave(name), viewer.actor)
        except UsageError as error:
            return _page(request, stores, viewer, str(error), form.fields())
        return RedirectResponse("/programme/waves", status_code=303)

    return await store.run(add)


@router.post("/programme/waves/{wave}")
async def change_wave(
    request: Request, viewer: RunsProgramme, store: StoreDep, wave: str, form: WaveForm
) -> Response:
    def change(stores: Stores) -> Response:
        if wave not in {each.name for each in stores.waves.waves()}:
            raise NotFoundError(_("There is no such wave."))
        try:
            stores.waves.put(form.wave(wave), viewer.actor)
        except UsageError as error:
            return _page(request, stores, viewer, str(error), form.fields(), of=wave)
        return RedirectResponse("/programme/waves", status_code=303)

    return await store.run(change)


@router.post("/programme/waves/{wave}/remove")
async def remove_wave(viewer: RunsProgramme, store: StoreDep, wave: str) -> Response:
    def remove(stores: Stores) -> Response:
        if not stores.waves.remove(wave, viewer.actor):
            raise NotFoundError(_("There is no such wave."))
        return RedirectResponse("/programme/waves", status_code=303)

    return await store.run(remove)


def _page(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    trouble: str = "",
    typed: WaveFields | None = None,
    *,
    of: str = "",
) -> Response:
    """The waves; `typed` is what was refused, of the wave that is named, or of a new one."""
    sites = [(site.name, site.title or site.name) for site in stores.rooms.sites()]
    waves, months = stores.waves.waves(), stores.coverage.months()
    today = day_of(viewer.utc_ns, request.app.state.zone)
    kept = {wave.name: wave_fields(wave) for wave in waves}
    if typed is not None and of:
        kept[of] = typed
    return page(
        "programme/waves.html", viewer=viewer, status_code=422 if trouble else 200, trouble=trouble,
        sites=sites, cards=wave_cards(waves, months, dict(sites), today), kept=kept,
        new=typed if typed is not None and not of else WaveFields(), refused=of,
        parts=compared(waves, months), has_months=bool(months),
        may_run=may_at_all(viewer.person.roles, "run programme"),
    )  # fmt: skip
