"""Forms and tags that ship are read in the reader's language, and a school's own as they are."""

from __future__ import annotations

from contract.language import speaking
from dashboard_api.language.shipped import shipped_text
from docs.catalogue import YAML_FOLDERS, extracted
from school.forms.yaml_file import EXAMPLES, read_form
from school.framework.yaml_file import DEFAULT, read_framework
from tests.language.marked import PREFIXED


def test_what_ships_is_translated_and_nothing_else():
    form, framework = read_form(EXAMPLES["talk-rubric"]), read_framework(DEFAULT)
    tag = framework.groups[0].tags[0]
    shipped = [form.name, form.about, tag.label, tag.description, "Not seen"]
    with speaking(PREFIXED):
        assert [shipped_text(text) for text in shipped] == [f"»{text}" for text in shipped]
        # Words of the pages, and words that nobody but the school has.
        for own in ("Save", "Sign out", "Our own rubric", form.source, ""):
            assert shipped_text(own) == own
    assert shipped_text(form.name) == form.name


def test_the_catalogue_has_each_text_that_ships():
    found = [
        message.id
        for message in extracted()
        if any(name.startswith(YAML_FOLDERS) for name, _line in message.locations)
    ]
    assert len(found) > 100
    with speaking(PREFIXED):
        assert [text for text in found if shipped_text(text) != f"»{text}"] == []
