"""The page that lists people, a part of them at a time."""

from __future__ import annotations

from datetime import tzinfo

from starlette.responses import Response

from dashboard_api.people.people_filters import PeopleFilters, turned
from dashboard_api.people.people_view import person_line, waits_for_link
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import ROLE_NAMES
from school.people.ways_in import NO_WAY
from school.sharing.policy import may_at_all

__all__ = ["people_list"]


def people_list(
    stores: Stores,
    viewer: Viewer,
    zone: tzinfo | None,
    filters: PeopleFilters,
    *,
    trouble: str = "",
) -> Response:
    """With `trouble`, the answer to what was refused."""
    ways, now = stores.people.ways_in.of_all(), viewer.people_utc_ns
    in_roster = stores.people.roster.arrivals()
    site_of = stores.programme.sites_of_people()
    may_change = may_at_all(viewer.person.roles, "change people")
    if not may_change:  # they see neither, so they don't search by them
        filters = filters.model_copy(update={"school": "", "waits": False})
    everybody = stores.people.people()
    waiting = {
        each.id
        for each in everybody
        if waits_for_link(
            each, ways.get(each.id, NO_WAY), now, in_roster=in_roster.get(each.id)
        )
    }  # fmt: skip
    found = turned(
        [
            each
            for each in everybody
            if filters.means(each, site_of.get(each.id))
            and filters.names(each, has_sign_in_names=may_change)
            and (not filters.waits or each.id in waiting)
        ],
        filters.page,
    )
    return page(
        "people/people.html",
        status_code=422 if trouble else 200, viewer=viewer, trouble=trouble,
        filters=filters.model_copy(update={"page": found.page}), found=found, total=len(everybody),
        waiting=len(waiting),
        people=[
            person_line(
                each, stores.sharing.names_of(each.id), ways.get(each.id, NO_WAY), now, zone,
                in_roster=in_roster.get(each.id),
            )
            for each in found.shown
        ],
        untied=stores.sharing.untied_names(),
        sites=[(site.name, site.title or site.name) for site in stores.rooms.sites()],
        site_of=site_of, roles=ROLE_NAMES, may_change=may_change,
        may_anonymise=may_at_all(viewer.person.roles, "anonymise people"),
    )  # fmt: skip
