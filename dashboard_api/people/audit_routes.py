"""The audit log: all of it for a data protection officer, changes of rights for administrators."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboard_api.language.dates import local_time_text
from dashboard_api.web.access import ReadsChanges
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from school.audit.records import Action
from school.sharing.policy import may_at_all

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_PER_PAGE: Final = 100
_RIGHTS: Final[frozenset[Action]] = frozenset({
    "changed_rights", "invited", "redeemed", "reset_sent", "changed_password",
    "changed_second_factor", "linked_account", "unlinked_account", "linked_platform", "unlinked_platform",
    "added_platform", "changed_platform", "removed_platform", "made_token", "revoked_token", "refused_token", "anonymised",
})  # fmt: skip


@router.get("/audit")
async def audit_page(
    request: Request,
    viewer: ReadsChanges,
    store: StoreDep,
    before: Annotated[int | None, Query(ge=1, le=1 << 62)] = None,
) -> Response:
    """A page of entries, the newest first; reading it is an entry too."""
    zone, is_all = request.app.state.zone, may_at_all(viewer.person.roles, "read audit log")

    def query(stores: Stores) -> Response:
        stores.audit.record_look(viewer.actor, "audit_log")
        found = stores.audit.latest(_PER_PAGE, before, actions=None if is_all else _RIGHTS)
        return page(
            "people/audit.html",
            viewer=viewer,
            is_all=is_all,
            entries=[(local_time_text(entry.at_utc_ns, zone), entry) for entry in found],
            before=found[-1].number if len(found) == _PER_PAGE else None,
        )

    return await store.run(query)
