"""The one table that says who may do what. Pages, interface, exports and streams all ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, get_args

from school.people.records import Role

__all__ = ["ACTIONS", "POLICY", "Action", "Reach", "may", "may_at_all", "policy_lines", "reaches"]

Reach = Literal["own", "shared", "asked", "any"]
"""What a thing is to a person: of their own lesson, of a lesson shared with them, of one that its
teacher asked them to observe, or any of these and everything else. Someone may be asked to observe
a lesson that is shared with them as well: `lookup.find_asked` looks for this reach alone."""

Action = Literal[
    "read lesson",
    "read notes",
    "write notes",
    "decide step",
    "keep cycle",
    "keep ledger",
    "propose cycle",
    "read caseload",
    "guess",
    "reflect",
    "write plan",
    "fill form",
    "read video",
    "change video",
    "line up video",
    "read seat rows",
    "take record",
    "export lesson",
    "share lesson",
    "choose labels",
    "exclude spans",
    "hide lesson",
    "delete lesson",
    "hand over",
    "take over",
    "make clip",
    "see clip",
    "see cohort",
    "join cohort",
    "lead cohort",
    "ask observers",
    "code lesson",
    "watch live",
    "pause sensing",
    "answer pulse",
    "read pulse",
    "find colleagues",
    "write deeds",
    "read kits",
    "set up rooms",
    "read counts",
    "run programme",
    "read model",
    "import lesson",
    "read people",
    "change people",
    "anonymise people",
    "read audit log",
    "read changes of rights",
]
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)

_OWN: Final = frozenset[Reach]({"own"})
_OWN_OR_SHARED: Final = frozenset[Reach]({"own", "shared"})
_SHARED: Final = frozenset[Reach]({"shared"})
_ASKED: Final = frozenset[Reach]({"asked"})
_OTHERS: Final = frozenset[Reach]({"any"})
_ANY: Final = frozenset[Reach]({"own", "shared", "any"})

POLICY: Final[Mapping[Role, Mapping[Action, frozenset[Reach]]]] = {
    "teacher": {
        "read lesson": _OWN_OR_SHARED,
        "read notes": _OWN_OR_SHARED,
        "write notes": _OWN_OR_SHARED,
        "decide step": _OWN,
        "keep cycle": _OWN,
        "keep ledger": _OWN,
        "propose cycle": _SHARED,
        "guess": _OWN,
        "reflect": _OWN,
        "write plan": _OWN,
        "fill form": _OWN_OR_SHARED,
        "read video": _OWN_OR_SHARED,
        "change video": _OWN,
        "line up video": _OWN,
        "read seat rows": _OWN,
        "take record": _OWN_OR_SHARED,
        "export lesson": _OWN,
        "share lesson": _OWN,
        "choose labels": _OWN,
        "exclude spans": _OWN,
        "hide lesson": _OWN,
        "delete lesson": _OWN,
        "hand over": _OWN,
        "take over": _OTHERS,
        "make clip": _OWN,
        "see clip": _OWN_OR_SHARED,
        "see cohort": _ANY,
        "join cohort": _ANY,
        "ask observers": _OWN,
        "code lesson": _ASKED,
        "watch live": _OWN,
        "pause sensing": _OWN,
        "answer pulse": _ANY,
        "read pulse": _ANY,
        "find colleagues": _ANY,
        "read model": _ANY,
        "import lesson": _ANY,
    },
    "coach": {
        "read lesson": _SHARED,
        "read notes": _SHARED,
        "write notes": _SHARED,
        "propose cycle": _SHARED,
        "read caseload": _SHARED,
        "keep ledger": _OWN,
        "fill form": _SHARED,
        "read video": _SHARED,
        "take record": _SHARED,
        "see clip": _SHARED,
        "see cohort": _ANY,
        "lead cohort": _ANY,
        "code lesson": _ASKED,
        "read pulse": _ANY,
        "find colleagues": _ANY,
        "read model": _ANY,
        "import lesson": _ANY,
    },
    "technician": {
        "read kits": _ANY,
        "set up rooms": _ANY,
        "read model": _ANY,
    },
    "administrator": {
        "read pulse": _ANY,
        "write deeds": _ANY,
        "read kits": _ANY,
        "set up rooms": _ANY,
        "read counts": _ANY,
        "run programme": _ANY,
        "read model": _ANY,
        "read people": _ANY,
        "change people": _ANY,
        "anonymise people": _ANY,
        "read changes of rights": _ANY,
    },
    "privacy_officer": {
        "read pulse": _ANY,
        "read counts": _ANY,
        "read model": _ANY,
        "read people": _ANY,
        "read audit log": _ANY,
        "read changes of rights": _ANY,
    },
}
"""Role → action → the reach that it is allowed with. What is not here is refused."""


def reaches(roles: Iterable[Role], action: Action) -> frozenset[Reach]:
    """What the roles together allow the action on."""
    return frozenset().union(*(POLICY[role].get(action, frozenset()) for role in roles))


def may(roles: Iterable[Role], action: Action, reach: Reach) -> bool:
    """Whether one of the roles allows the action on a thing of this reach."""
    return reach in reaches(roles, action)


def may_at_all(roles: Iterable[Role], action: Action) -> bool:
    """Whether one of the roles allows the action on anything."""
    return bool(reaches(roles, action))


def policy_lines() -> list[list[str]]:
    """The table in words, a row for each role, after a row of headings."""
    texts = {frozenset[Reach](): "no", _OWN: "own", _OWN_OR_SHARED: "own, shared",
             _SHARED: "shared", _ASKED: "asked", _OTHERS: "others'", _ANY: "yes"}  # fmt: skip
    rows = [
        [role, *(texts[allowed.get(action, frozenset())] for action in ACTIONS)]
        for role, allowed in POLICY.items()
    ]
    return [["role", *ACTIONS], *rows]
