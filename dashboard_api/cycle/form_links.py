"""The forms that somebody filled about the lessons of a cycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from dashboard_api.language.shipped import shipped_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.cycle.records import Cycle, cycle_of
from school.sharing.policy import may

__all__ = ["FormLink", "form_links"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormLink:
    """A form over the lessons of a teacher, as its page has it."""

    name: str
    address: str


def form_links(
    stores: Stores, viewer: Viewer, cycle: Cycle, known: Sequence[Cycle]
) -> list[FormLink]:
    """Those that the viewer filled in lessons that they may open now; `known` are the teacher's cycles."""
    found: dict[str, FormLink] = {}
    for one in stores.sharing.forms.filled(cycle.person, viewer.person.id):
        if one.form in found or cycle_of(known, one.lesson, one.starts_utc_ns) != cycle:
            continue
        reach = stores.sharing.reach(one.lesson, viewer.person.id, viewer.utc_ns)
        if reach is not None and may(viewer.person.roles, "fill form", reach):
            address = f"/lessons/{quote(one.lesson, safe='')}/forms/{quote(one.form, safe='')}"
            found[one.form] = FormLink(name=shipped_text(one.name), address=f"{address}/over-time")
    return sorted(found.values(), key=lambda link: link.name.casefold())
