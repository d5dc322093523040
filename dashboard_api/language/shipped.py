"""Texts of the forms and tags that ship, which are kept in English with what people say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from contract.language import _
from school.forms.records import CHOICES_OF_KIND, Form
from school.forms.yaml_file import EXAMPLES as FORMS
from school.forms.yaml_file import read_form
from school.framework.records import Framework
from school.framework.yaml_file import EXAMPLES as FRAMEWORKS
from school.framework.yaml_file import read_framework

__all__ = ["shipped_text"]


def shipped_text(text: str) -> str:
    """The text in the reader's language if it ships with the program; a school's own stays as it is."""
    return _(text) if text in _texts() else text


@cache
def _texts() -> frozenset[str]:
    """In English."""
    found = {level.label for levels in CHOICES_OF_KIND.values() for level in levels}
    for form in map(read_form, FORMS.values()):
        found.update(_of_form(form))
    for framework in map(read_framework, FRAMEWORKS.values()):
        found.update(_of_framework(framework))
    return frozenset(found)


def _of_form(form: Form) -> Iterator[str]:
    yield from (form.name, form.about)
    for section in form.sections:
        yield section.label
        for item in section.items:
            yield from (item.label, item.description)
            for level in item.levels:
                yield from (level.label, level.description)


def _of_framework(framework: Framework) -> Iterator[str]:
    yield framework.name
    for group in framework.groups:
        yield group.label
        for tag in group.tags:
            yield from (tag.label, tag.description)
