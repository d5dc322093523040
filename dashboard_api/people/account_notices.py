"""What others did to one's account: it stands on the start page and the account page for 30 days.

So nobody gets into an account unseen, not even who may make links for it.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _
from dashboard_api.language.dates import local_time_text
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.entries import SOMEONE_GONE, Entry
from school.audit.records import Action

__all__ = ["account_notices"]

SHOWN_NS: Final = 30 * 86_400 * SECOND_NS
"""The audit log keeps its entries at least as long."""
_MAX_SHOWN: Final = 20
_DONE: Final[dict[Action, str]] = {
    "invited": N_(
        "{who} made a new invitation on {at}, with which a password for your account can be chosen."
    ),
    "reset_sent": N_("{who} made a link on {at} to choose a new password for your account."),
    "unlinked_account": N_(
        "{who} removed a school account from yours on {at}. It does not sign you in any more."
    ),
    "unlinked_platform": N_(
        "{who} removed your linked accounts of learning platforms on {at}. They do not sign you in any more."
    ),
    "changed_second_factor": N_("{who} removed your second factor on {at}."),
}


def account_notices(stores: Stores, viewer: Viewer, zone: tzinfo | None) -> list[str]:
    """A sentence on each, with what to do if it was not asked for; the newest first."""
    since = viewer.people_utc_ns - SHOWN_NS
    found = stores.audit.done_to(viewer.person.id, _DONE.keys(), since, _MAX_SHOWN)
    return [
        f"{_did(entry, zone)} {_to_do(entry, viewer)}"
        for entry in found
        # The first invitation is how one came in.
        if entry.action != "invited" or "again" in entry.detail
    ]


def _did(entry: Entry, zone: tzinfo | None) -> str:
    words = {str(action): text for action, text in _DONE.items()}[entry.action]
    who = entry.who_words[:1].upper() + entry.who_words[1:]
    return _(words, who=who, at=local_time_text(entry.at_utc_ns, zone))


def _to_do(entry: Entry, viewer: Viewer) -> str:
    ask = _("ask them why")
    if entry.is_program:
        ask = _("ask who runs the server why")
    elif entry.who == SOMEONE_GONE:
        ask = _("ask an administrator why")
    if entry.action in {"invited", "reset_sent"} and viewer.person.has_password:
        return _(
            "If you did not ask for it, change your password on your account page, which ends links that were not used, and {ask}.",
            ask=ask,
        )
    if entry.action == "changed_second_factor":
        return _(
            "If you did not ask for it, set it up again on your account page, and {ask}.", ask=ask
        )
    return _("If you did not ask for it, {ask}.", ask=ask)
