"""Which people an administrator wants to see, and which page of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, Literal, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, Field

from school.people.records import Person, Role
from school.plain_text import plain_text

__all__ = ["PER_PAGE", "PeopleFilters", "Turned", "turned"]

PER_PAGE: Final = 25
_WORD: Final = 200
_FIELDS: Final = ("q", "role", "school", "waits")

_Each = TypeVar("_Each")


def _false_if_empty(value: object) -> object:
    """A form sends its empty fields too."""
    return False if value == "" else value


class PeopleFilters(BaseModel):
    """The fields of the search above the list; an empty one asks for nothing."""

    q: Annotated[str, Field(max_length=_WORD)] = ""
    role: Literal["", Role] = ""
    school: Annotated[str, Field(max_length=_WORD)] = ""
    """The name of one; "-" is who belongs to none."""
    waits: Annotated[bool, BeforeValidator(_false_if_empty)] = False
    """Only who came by a roster and has no access yet."""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1

    @property
    def is_search(self) -> bool:
        """Whether anything is asked for."""
        return any(getattr(self, name) for name in _FIELDS)

    @property
    def query(self) -> str:
        """What follows the question mark of an address, and that too; empty if nothing is asked for."""
        return self.with_page(self.page)

    def with_page(self, page: int) -> str:
        """The same with another page."""
        asked: dict[str, Any] = {name: getattr(self, name) for name in _FIELDS}
        asked = {name: "1" if value is True else value for name, value in asked.items() if value}
        if page > 1:
            asked["page"] = page
        return f"?{urlencode(asked)}" if asked else ""

    def address_of(self, person: str) -> str:
        """The list as it is, at this person."""
        return f"/people{self.query}#person-{person}"

    def names(self, person: Person, *, has_sign_in_names: bool) -> bool:
        """Whether each word stands in the name, or in the name to sign in with where that is shown."""
        known = plain_text(person.name)
        if has_sign_in_names:
            known += " " + plain_text(person.sign_in_name)
        return all(word in known for word in plain_text(self.q).split())

    def means(self, person: Person, school: str | None) -> bool:
        """Whether they have the role, and belong to the school."""
        has_role = not self.role or self.role in person.roles
        return has_role and (not self.school or self.school == (school or "-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned(Generic[_Each]):
    """One page of a list."""

    shown: Sequence[_Each]
    page: int
    pages: int
    found: int


def turned(found: Sequence[_Each], page: int) -> Turned[_Each]:
    """The page, or the last one if there are fewer."""
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(page, pages)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Turned(shown=shown, page=page, pages=pages, found=len(found))
