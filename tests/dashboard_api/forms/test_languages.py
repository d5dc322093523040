"""A form that ships is filled in each reader's language, and kept in English."""

from __future__ import annotations

import html
import re

import pytest

from dashboard_api.language import LANGUAGES
from tests.dashboard_api.conftest import Pages
from tests.language.marked import PREFIXED
from tests.signed_in import TEACHER

PAGE = "/lessons/sample/forms/talk-rubric"
GERMAN = {"Accept-Language": "de"}


@pytest.fixture(autouse=True)
def marked(monkeypatch):
    monkeypatch.setitem(LANGUAGES, PREFIXED.tag, PREFIXED)


def shown(pages: Pages, path: str, headers: dict[str, str]) -> str:
    answer = pages.get(path, headers=headers)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_both_read_the_same_answer_in_their_own_language(client, coach, stores, filled):
    body = {"choice": "many", "words": "Pupils talk", "revision": 0}
    for pages in (client, coach):
        saved = pages.request("PUT", f"{PAGE}/items/who-talks", json=body, headers=GERMAN)
        assert saved.status_code == 200
        pages.post(f"{PAGE}/done")
    (teachers,) = (one for one in stores.sharing.forms.of_lesson("sample") if one.person == TEACHER)
    kept = teachers.answers["who-talks"]
    assert (kept.label, kept.choice_label) == ("Who talks", "Many pupils")
    german, english = shown(client, PAGE, GERMAN), shown(coach, PAGE, {})
    # What somebody wrote stays as it is, also where it is a text that ships.
    assert "»You »Many pupils Pupils talk" in german
    assert "»You chose the same." in german
    assert "»Who talks" in german
    assert "You Many pupils Pupils talk" in english
    over_time = shown(client, f"{PAGE}/over-time", GERMAN)
    assert "»Who talks »You »Many pupils Pupils talk" in over_time
    assert "»Talk in the lesson" in shown(client, "/lessons/sample/forms", GERMAN)


def test_another_windows_answer_comes_in_the_readers_language(client, filled):
    def save(choice: str) -> dict[str, object]:
        body = {"choice": choice, "words": "", "revision": 0}
        answer = client.request("PUT", f"{PAGE}/items/who-talks", json=body, headers=GERMAN)
        return answer.json()

    save("many")
    refused = save("a-few")
    assert refused["detail"] == "»You changed this in another window meanwhile."
    assert refused["now"]["choice_label"] == "»Many pupils"
