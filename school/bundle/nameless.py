"""A bundle's content without names of people, as it is kept.

Anybody can write a file: no words in one are shown as somebody's of this school. And who leaves the
school is in no document of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from contract.language import N_
from school.bundle.records import BundledForm, Content
from school.moments.records import Speaker

__all__ = ["ALONE", "nameless"]

ALONE: Final[Mapping[Speaker, str]] = {"teacher": N_("the teacher"), "coach": N_("a coach")}
"""What is kept in the place of a name, where nobody else has the role."""


def nameless(content: Content) -> Content:
    """Who wrote is "the teacher", "a coach", "coach 2", in the order in which they appear."""
    roles: dict[str, Speaker] = {}
    for one in content.moments:
        if one.role is not None:
            roles.setdefault(one.author, one.role)
        said = [(each.author, each.role) for each in one.replies]
        said += [(each.author, each.role) for each in one.answers]
        for name, role in said:
            roles.setdefault(name, role)
    for talk in content.talks:
        roles.setdefault(talk.coach, "coach")
    for form in content.forms:
        for item in form.items:
            for answered in item.said:
                roles.setdefault(answered.author, answered.role)
    names = _names(roles)
    return content.model_copy(
        update={
            "made_by": "",
            "lesson": content.lesson.model_copy(update={"teacher": ""}),
            "moments": [
                one.model_copy(
                    update={
                        "author": "" if one.role is None else names(one.author),
                        "replies": [
                            each.model_copy(update={"author": names(each.author)})
                            for each in one.replies
                        ],
                        "answers": [
                            each.model_copy(update={"author": names(each.author)})
                            for each in one.answers
                        ],
                    }
                )
                for one in content.moments
            ],
            "steps": [
                one.model_copy(update={"author": names(one.author) if one.author in roles else ""})
                for one in content.steps
            ],
            "talks": [one.model_copy(update={"coach": names(one.coach)}) for one in content.talks],
            "forms": [_nameless_form(one, names) for one in content.forms],
        }
    )


def _nameless_form(form: BundledForm, names: Callable[[str], str]) -> BundledForm:
    items = [
        item.model_copy(
            update={
                "said": [one.model_copy(update={"author": names(one.author)}) for one in item.said]
            }
        )
        for item in form.items
    ]
    return form.model_copy(update={"items": items})


def _names(roles: dict[str, Speaker]) -> Callable[[str], str]:
    found: dict[str, str] = {}
    for role, alone in ALONE.items():
        people = [name for name, each in roles.items() if each == role]
        for number, name in enumerate(people, start=1):
            found[name] = alone if len(people) == 1 else f"{role} {number}"
    return found.__getitem__
