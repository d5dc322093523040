"""What scripts say in the reader's language: words, plural forms and numbers, on a page and in a worker."""

from __future__ import annotations

import json

import pytest
from babel.messages.catalog import Catalog

from dashboard_api.language.catalogue import words_script
from dashboard_api.web.rendering import STATIC

ADDRESS = "http://words.test"
SCRIPT = "timeline/a.js"
SAID = """
import {{ _, ngettext, numberText, pgettext, LANGUAGE }} from "/shared/words.js";
const said = {said};
"""


@pytest.fixture
def say(browser):
    """What scripts say on a page in a language, whose catalogue runs before them."""
    context = browser.new_context()

    def ask(expression: str, lang: str, words: str = "", *, is_in_worker: bool = False) -> object:
        module = SAID.format(said=expression)
        ends = {
            "/": f'<html lang="{lang}"><body><script defer src="/words.js"></script>'
            f'<script type="module" src="/page.js"></script>',
            "/words.js": words,
            "/page.js": 'new Worker("/worker.js", { type: "module" }).onmessage = '
            "({ data }) => { globalThis.said = data; };"
            if is_in_worker
            else f"{module} globalThis.said = said;",
            "/worker.js": f"{module} postMessage(said);",
            "/shared/words.js": (STATIC / "shared" / "words.js").read_text(),
        }

        def answer(route) -> None:
            path = route.request.url.removeprefix(ADDRESS)
            kind = "text/html" if path == "/" else "text/javascript"
            route.fulfill(body=ends.get(path, ""), content_type=f"{kind}; charset=utf-8")

        page = context.new_page()
        page.route(f"{ADDRESS}/**", answer)
        page.goto(f"{ADDRESS}/")
        found = page.wait_for_function("() => globalThis.said").json_value()
        page.close()
        return found

    yield ask
    context.close()


def polish() -> Catalog:
    """A language with three forms: for 1, for 2 to 4, and for more."""
    few = "n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20)"
    catalogue = Catalog(locale="pl")
    forms = f"nplurals=3; plural=(n==1 ? 0 : {few} ? 1 : 2)"
    catalogue.mime_headers = [*catalogue.mime_headers, ("Plural-Forms", forms)]
    catalogue.add(("{n} day", "{n} days"), ("{n} dzień", "{n} dni", "{n} dób"), [(SCRIPT, 1)])
    catalogue.add("at {time}", "o {time}", [(SCRIPT, 1)])
    catalogue.add("to", "do", [(SCRIPT, 1)], context="of a time")
    catalogue.add("of the server", "serwera", [("dashboard_api/app.py", 1)])
    catalogue.add("not done yet", "", [(SCRIPT, 1)])
    catalogue.add(("{n} hour", "{n} hours"), ("", "", ""), [(SCRIPT, 1)])
    return catalogue


def test_each_number_takes_the_form_of_its_language(say):
    days = '[0, 1, 2, 5, 12, 22].map((n) => ngettext("{n} day", "{n} days", n))'
    assert say(days, "en") == ["0 days", "1 day", "2 days", "5 days", "12 days", "22 days"]
    assert say(days, "pl", words_script(polish())) == [
        "0 dób", "1 dzień", "2 dni", "5 dób", "12 dób", "22 dni",
    ]  # fmt: skip


def test_a_value_of_another_name_or_text_fills_its_place(say):
    said = """[_("at {time}", { time: "$& {n}" }), pgettext("of a time", "to"), _("to"), _("not done yet"),
      _("of the server"), _("{n} day"), ngettext("{n} hour", "{n} hours", 2),
      ngettext("{n} day", "{n} days", 1.5, { n: "1,5" }), _("at {time}")]"""
    assert say(said, "pl", words_script(polish())) == [
        "o $& {n}", "do", "to", "not done yet",
        "of the server", "{n} dzień", "2 hours", "1,5 dób", "o {time}",
    ]  # fmt: skip


@pytest.mark.parametrize(("lang", "sign"), (("en", "."), ("es", ",")))
def test_numbers_have_the_sign_of_the_language_and_no_groups(say, lang, sign):
    numbers = [1.5, 0.35, 2, 12345.67, -0.25]
    said = f"{json.dumps(numbers)}.flatMap((n) => [numberText(n), numberText(n, 1)])"
    rounded = ["2", "1.5", "0", "0.3", "2", "2.0", "12346", "12345.7", "-0", "-0.3"]
    assert say(said, lang) == [number.replace(".", sign) for number in rounded]


def test_a_worker_has_no_page_and_speaks_english(say):
    said = (
        '[LANGUAGE, _("at {n}", { n: 1 }), ngettext("{n} day", "{n} days", 2), numberText(1.5, 1)]'
    )
    words = words_script(polish())
    assert say(said, "pl", words, is_in_worker=True) == ["en", "at 1", "2 days", "1.5"]
