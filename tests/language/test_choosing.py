"""Which language an answer or a mail comes in: what a person chose, or what their browser asks for."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from babel.messages.catalog import Catalog

from contract.clock import SECOND_NS
from dashboard_api.inbox.digests import Digests
from dashboard_api.language import LANGUAGES, NAMES
from dashboard_api.language.catalogue import FOLDER, words_script
from dashboard_api.language.choosing import asked_for, language_of
from school.moments.records import Moment, Reply
from tests.dashboard_api.conftest import Pages
from tests.language.marked import BEGIN, marked
from tests.signed_in import BY, COACH, TEACHER

HTML = {"Accept": "text/html"}
SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"}
ENGLISH = {"Accept-Language": "en-GB,en"}


@pytest.fixture(autouse=True)
def _marked_spanish(monkeypatch):
    """Spanish texts stand between marks, however far its catalogue is."""
    monkeypatch.setitem(LANGUAGES, "es", marked(LANGUAGES["es"]))


def lang(page: httpx.Response) -> str:
    """What a page says its language is."""
    found = re.search(r'<html lang="(.*?)">', page.text)
    assert found is not None, page.text[:500]
    return found[1]


def is_spanish(page: httpx.Response) -> bool:
    """Whether it says so, and speaks it."""
    assert (lang(page) == "es") == (BEGIN in page.text)
    return lang(page) == "es"


@pytest.mark.parametrize(
    ("header", "tag"),
    (
        ("", "en"),
        ("es", "es"),
        ("ES-mx", "es"),
        ("es-419,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.8, es;q=0.9", "es"),
        ("en;q=0.8,es;q=0.2", "en"),
        ("en, es", "en"),
        ("fr-FR, fr;q=0.9, es;q=0.1", "es"),
        ("fr, de", "en"),
        ("es;q=0, en;q=0.1", "en"),
        ("es;q=0", "en"),
        ("es;q=much, en;q=0.1", "en"),
        ("es;q=nan, en;q=0.1", "en"),
        ("*", "en"),
        (";;,,=,es", "es"),
        ("fr, " * 100 + "es", "en"),
    ),
)
def test_the_browser_s_most_wanted_language_of_ours(header: str, tag: str) -> None:
    assert asked_for(header).tag == tag


@pytest.mark.parametrize("tag", (None, "", "xx", "../es"))
def test_a_language_that_is_not_ours_is_the_first_one(tag: str | None) -> None:
    assert language_of(tag) is LANGUAGES["en"]


def test_each_language_has_a_name_and_a_catalogue() -> None:
    assert list(NAMES) == list(LANGUAGES)
    assert sorted(LANGUAGES) == sorted(["en", *(path.stem for path in FOLDER.glob("*.po"))])
    assert all(tongue.tag == tag for tag, tongue in LANGUAGES.items())


def test_a_page_is_in_the_browser_s_language(client: Pages) -> None:
    assert is_spanish(client.get("/account", headers=SPANISH))
    assert not is_spanish(client.get("/account", headers=ENGLISH))
    assert not is_spanish(client.get("/account"))


@pytest.mark.parametrize(("chosen", "asked"), (("es", ENGLISH), ("en", SPANISH)))
def test_what_a_person_chose_beats_what_the_browser_asks(client, stores, chosen, asked) -> None:
    stores.people.languages.choose(TEACHER, chosen)
    for address in ("/", "/account", "/lessons/none"):
        assert lang(client.get(address, headers=HTML | asked)) == chosen
    stores.people.languages.choose(TEACHER, None)
    assert lang(client.get("/account", headers=asked)) != chosen


def test_a_choice_ends_with_its_answer(client, stores) -> None:
    """Who is answered next in the same program reads their own language."""
    stores.people.languages.choose(TEACHER, "es")
    assert is_spanish(client.get("/account"))
    with client.browser() as nobody:
        assert not is_spanish(nobody.get("/sign-in"))


def test_before_anybody_signs_in_the_browser_decides(client: Pages) -> None:
    with client.browser() as nobody:
        assert is_spanish(nobody.get("/sign-in", headers=SPANISH))
        assert not is_spanish(nobody.get("/sign-in", headers=ENGLISH))
        page = nobody.post("/sign-in", headers=SPANISH, data={"name": "x", "password": "y"})
        assert is_spanish(page)


def test_who_is_not_signed_in_reads_why_in_their_language(client: Pages) -> None:
    with client.browser() as nobody:
        answer = nobody.get("/api/lessons/sample/timeline", headers=SPANISH)
        assert answer.status_code == 401
        assert BEGIN in answer.json()["detail"]
        answer = nobody.get("/lessons/sample", headers=HTML | SPANISH)
        assert answer.status_code == 303


@pytest.mark.parametrize("address", ("/lessons/none", "/no-such-page", "/lessons/none/step"))
def test_what_is_not_there_is_said_in_their_language(client: Pages, address: str) -> None:
    page = client.get(address, headers=HTML | SPANISH)
    assert page.status_code == 404
    assert is_spanish(page)
    found = re.search(r"<h1>(.*?)</h1>\s*<p>(.*?)</p>", page.text)
    assert found is not None
    assert [text[0] for text in found.groups()] == [BEGIN, BEGIN]
    assert BEGIN in client.get(address, headers=SPANISH).json()["detail"]
    assert BEGIN not in client.get(address, headers=ENGLISH).json()["detail"]


def choose(client: Pages, language: str) -> httpx.Response:
    return client.post("/account/language", data={"language": language}, headers=HTML)


def test_a_choice_on_the_account_page_is_kept_until_it_is_left_to_the_browser(client) -> None:
    assert choose(client, "es").headers["location"] == "/account#language"
    page = client.get("/account", headers=ENGLISH)
    assert is_spanish(page)
    assert '<option value="es" lang="es" selected>Español</option>' in page.text
    assert choose(client, "").status_code == 303
    assert not is_spanish(client.get("/account", headers=ENGLISH))
    assert is_spanish(client.get("/account", headers=SPANISH))


@pytest.mark.parametrize("language", ("xx", "ES", "es-MX", "en' --"))
def test_a_language_that_is_not_there_is_refused(client, stores, language: str) -> None:
    stores.people.languages.choose(TEACHER, "es")
    answer = choose(client, language)
    assert answer.status_code == 422
    assert is_spanish(answer)
    assert stores.people.person(TEACHER).language == "es"


class Box:
    """In the place of a mail server's client."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    async def send(self, recipient: str, subject: str, text: str) -> None:
        self.sent.append((recipient, subject, text))


@pytest.mark.parametrize("chosen", ("es", "en", None))
def test_a_mail_is_in_its_recipient_s_language(
    client: Pages, coach: Pages, stores: Any, clock: Any, chosen: str | None
) -> None:
    """No browser asks then: who has chosen none reads the first language."""
    note = Moment(
        id="of-coach", lesson="sample", start_s=100.0, end_s=120.0, note="A note", author=COACH,
        role="coach",
    )  # fmt: skip
    stores.lessons.put_moment(note)
    for_days = clock.utc_ns() + 9 * 86_400 * SECOND_NS
    stores.sharing.share("sample", COACH, BY, until_utc_ns=for_days)
    assert coach.post("/inbox/mail", data={"is_on": "true"}).status_code == 303
    if chosen is not None:
        stores.people.languages.choose(COACH, chosen)
    clock.advance(86_400 + (16 * 3_600 - clock.utc_ns() // SECOND_NS) % 86_400)
    reply = Reply(
        id="reply", moment="of-coach", lesson="sample", text="A reply", author=TEACHER,
        role="teacher", written_utc_ns=clock.utc_ns(),
    )  # fmt: skip
    assert stores.lessons.add_reply(reply)
    clock.advance(60)
    box = Box()
    digests = Digests(box, "https://roomtone.school.example", None)  # type: ignore[arg-type]
    client.run(digests.round(client.app.state.store_thread))
    ((_recipient, subject, text),) = box.sent
    assert (BEGIN in subject, BEGIN in text) == (chosen == "es", chosen == "es")


def words_address(page: httpx.Response) -> str | None:
    found = re.search(r'<script src="([^"]*/words/[^"]*)" defer></script>', page.text)
    return found and found[1]


def test_a_page_that_is_not_in_english_brings_its_scripts_words(client: Pages) -> None:
    assert words_address(client.get("/account", headers=ENGLISH)) is None
    address = words_address(client.get("/account", headers=SPANISH))
    assert address is not None
    assert address.endswith("/words/es.js")
    with client.browser() as nobody:
        answer = nobody.get(address)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text.startswith("globalThis.roomtoneWords = {")
    assert client.post(address).status_code == 405
    for name in ("en.js", "xx.js", "../es.po"):
        assert client.get(address.replace("es.js", name)).status_code == 404


def test_scripts_get_the_words_of_scripts_alone() -> None:
    catalogue = Catalog()
    script, page = [("static/a.js", 1)], [("templates/a.html", 1)]
    catalogue.add("Save", "Guardar", [*page, *script])
    catalogue.add("Share", "Compartir", page)
    catalogue.add("Not yet", "", script)
    catalogue.add(("{n} note", "{n} notes"), ("{n} nota", "{n} notas"), script)
    catalogue.add("Close", "Cierre", script, context="a part")
    assert words_script(catalogue) == (
        "globalThis.roomtoneWords = "
        '{"Save": "Guardar", "a part\\u0004Close": "Cierre", "{n} note": ["{n} nota", "{n} notas"]};\n'
        "globalThis.roomtonePlural = (n) => Number((n != 1));\n"
    )
