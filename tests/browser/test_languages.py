"""Every text on every page is in the catalogue, and the pages hold Spanish.

A person's browser asks for Spanish whose texts stand between two marks: letters outside of them have
no catalogue. Without the marks it is Spanish as people read it: it must fit. With
`ROOMTONE_PICTURES=FOLDER` each state is pictured there at both widths.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import TimeoutError as NotSoError

from dashboard_api.language import LANGUAGES
from dashboard_api.web.rendering import STATIC_ADDRESS
from tests.browser.axe import AXE, findings
from tests.browser.cohort import COHORT_WORDS
from tests.browser.colleagues import COLLEAGUE_WORDS
from tests.browser.test_accessibility import PICTURES, STATES, State, in_state
from tests.language.marked import BEGIN, END, marked

SIZES: Final = ((1366, 768), (390, 844))
SETTLES_MS: Final = 10_000
"""How long a page may take to a new size on a busy machine."""
LANGUAGE_RULES: Final = ("html-has-lang", "html-lang-valid", "html-xml-lang-mismatch", "valid-lang")

MARKED_WORDS: Final = """
let words;
const mark = (text) => globalThis.isWithoutMarks ? text : `⟦${text}⟧`;
Object.defineProperty(globalThis, "roomtoneWords", {
  get: () => words,
  set: (given) => {
    const marked = (found) => found && (Array.isArray(found) ? found.map(mark) : mark(found));
    words = new Proxy(given, { get: (all, key) => marked(all[key]) });
  },
});
"""
"""The same marks for what scripts say."""

OUTSIDE: Final = """() => {
  const NO_TEXT = "script, style, noscript, template, textarea, [lang]:not(:root)";
  const ATTRIBUTES = ["alt", "aria-label", "aria-description", "aria-valuetext", "aria-roledescription", "hx-confirm", "placeholder", "title"];
  const found = [];
  const text = { depth: 0 };
  const outside = (state, words) => {
    let out = "";
    for (const character of words) {
      if (character === "⟦") state.depth += 1;
      else if (character === "⟧") state.depth -= 1;
      else out += state.depth ? "" : character;
      if (state.depth < 0) { found.push(`a text ends twice: ${words}`); state.depth = 0; }
    }
    if (/\\p{L}{2}/u.test(out)) found.push(out.trim());
  };
  const accept = (node) => node instanceof Element && node.matches(NO_TEXT) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT;
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, accept);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Text) { outside(text, node.data); continue; }
    for (const name of ATTRIBUTES) if (node.hasAttribute(name)) outside({ depth: 0 }, node.getAttribute(name));
    if (node.matches("input[type=submit], input[type=button]")) outside({ depth: 0 }, node.value);
  }
  if (text.depth) found.push("a text does not end");
  return [...new Set(found)];
}"""
"""Letters that no text has, in the order of the page; a text may go over several elements."""

WITHOUT_MARKS: Final = """() => {
  globalThis.isWithoutMarks = true;
  const plain = (text) => text.replace(/[⟦⟧]/g, "");
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node instanceof Text) { if (plain(node.data) !== node.data) node.data = plain(node.data); continue; }
    for (const { name, value } of [...node.attributes]) if (plain(value) !== value) node.setAttribute(name, plain(value));
  }
}"""

TOO_WIDE: Final = """() => {
  const found = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`the page: ${scrollWidth} of ${clientWidth}`);
  const SCROLLS = /auto|scroll|hidden|clip/;
  for (const part of document.querySelectorAll("main *, header *")) {
    if (!(part instanceof HTMLElement) || !part.checkVisibility() || !part.clientWidth || !part.textContent.trim()) continue;
    if (part.scrollWidth <= part.clientWidth + 2 || SCROLLS.test(getComputedStyle(part).overflowX)) continue;
    const inner = [...part.querySelectorAll("*")].some((one) => one.scrollWidth > one.clientWidth + 2 && one.clientWidth && !SCROLLS.test(getComputedStyle(one).overflowX));
    if (!inner) found.push(`${part.tagName} ${part.id || part.className} “${part.textContent.trim().slice(0, 60)}”: ${part.scrollWidth} of ${part.clientWidth}`);
  }
  return found;
}"""
"""What sticks out of the page, or of the part of it that holds it."""

DATA: Final = (
    # Names and ids.
    "Fractions, part 2", "Ms Ortega", "room-204", "The-teacher", "the-teacher", "The-coach",
    "the-coach", "Window", "Front", "Middle", "Door", "sample-1", "sample", "a test",
    "room-204-pi", "hub-a", "hub-b", "hub-c", "hub-d", "Ada", "The lab", "lab", "keeper", "Who begins to talk after my question?", "lab-kit", "The north",
    "Ash School", "Birch School", "Cedar School", "First wave", "Second wave", "Schools with a coach", "school",
    "school, class, teacher, coached, pupils, before, after",
    "hub-1", "hub-2",    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    # What people wrote.
    "They were ready quickly today. What helped?", "Handing out the cards.",
    "The second table had none left.", "What did they do next?", "Without a network", "Not saved",
    "Of mine", "Of somebody else", "Of my phone", "Of my laptop", "They begin", "Cards first",
    "Calm changes of activity", "The second task, 12:30",
    "The sound suggests a line-up.", "Saved.", "nothing like it", "on the board", "Calm changes",
    "lesson.json", "a.json",
    *COHORT_WORDS, *COLLEAGUE_WORDS,
)  # fmt: skip
"""What the sample's people are called, and what they and the states wrote."""
SAME: Final = (
    "Roomtone", "dB(A)", "dB", "min", "MP4", "CSV", "PDF", "JSON", "WebVTT", "iCalendar", "Ctrl", "Esc",
    "Alt", "Español", "English", "Authorization: Bearer TOKEN",
    "The Roomtone contributors, Apache-2.0",
)  # fmt: skip
"""The same in every language."""
_ELSEWHERE: Final = re.compile(
    "|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted((*DATA, *SAME), key=len)[::-1])
)
_WORD: Final = re.compile(r"[^\W\d_]{2}")


def without_catalogue(page: Any) -> list[str]:
    """The texts of a page that are no data and stand in no catalogue."""
    return [text for text in page.evaluate(OUTSIDE) if _WORD.search(_ELSEWHERE.sub("", text))]


def too_wide(page: Any) -> list[str]:
    """Once the page has taken its new size."""
    try:
        page.wait_for_function(f"() => !({TOO_WIDE})().length", timeout=SETTLES_MS)
    except NotSoError:
        return list(page.evaluate(TOO_WIDE))
    return []


@pytest.fixture
def spanish(browser, school, monkeypatch):
    """A page of somebody whose browser asks for Spanish, with marks around each text."""
    monkeypatch.setitem(LANGUAGES, "es", marked(LANGUAGES["es"]))
    width, height = SIZES[0]
    context = browser.new_context(
        base_url=school.address, storage_state=school.storage, locale="es-MX",
        viewport={"width": width, "height": height},
    )  # fmt: skip
    context.add_init_script(MARKED_WORDS)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name.replace(" ", "-"))
def test_a_page_is_in_spanish_throughout_and_holds_it(spanish, school, film, state: State) -> None:
    with in_state(spanish, school, film, state):
        found = [f"in no catalogue: {text}" for text in without_catalogue(spanish)]
        spanish.evaluate(WITHOUT_MARKS)
        if AXE.is_file():
            found += findings(spanish, rules=LANGUAGE_RULES)
        for width, height in SIZES:
            spanish.set_viewport_size({"width": width, "height": height})
            found += [f"too wide at {width}: {part}" for part in too_wide(spanish)]
            if PICTURES:
                name = f"Spanish-{state.name}-{width}x{height}.png".replace(" ", "-")
                spanish.screenshot(path=Path(PICTURES) / name, animations="disabled")
    assert not found, "\n".join(found)


def test_the_marks_find_what_no_catalogue_has(spanish) -> None:
    """Or the tests above would prove nothing."""
    spanish.goto("/account")
    spanish.evaluate(
        """() => { document.title = "⟦Mi cuenta⟧ – Roomtone"; document.querySelector("main").innerHTML = `
        <p>⟦De <b>una</b> frase⟧ and not <i>⟦otra⟧</i> · Ms Ortega, 5 dB(A)</p>
        <p title="A hint">⟦Texto⟧</p><input type="submit" value="Send"><p lang="de">Nicht hier</p>
        <svg><text>Noise</text></svg><textarea placeholder="⟦Nota⟧">Words</textarea>`; }"""
    )
    assert without_catalogue(spanish) == ["and not", "A hint", "Send", "Noise"]
    spanish.evaluate("() => { document.querySelector('main').innerHTML = '⟦Sin fin'; }")
    assert without_catalogue(spanish) == ["a text does not end"]


def test_what_scripts_say_and_how_they_write_numbers(spanish) -> None:
    words = {
        "Saved at {time}": "Guardado a las {time}",
        "{n} note": ["{n} nota", "{n} notas"],
        "a part\u0004Close": "Cierre",
    }
    script = f"globalThis.roomtoneWords = {json.dumps(words)};"
    script += "globalThis.roomtonePlural = (n) => Number(n != 1);"
    spanish.route(
        "**/words/es.js", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )
    spanish.goto("/account")
    said = spanish.evaluate(
        """async (address) => {
        const { _, ngettext, pgettext, numberText } = await import(address);
        return [
          _("Saved at {time}", { time: "9:05" }), ngettext("{n} note", "{n} notes", 1),
          ngettext("{n} note", "{n} notes", 2), pgettext("a part", "Close"),
          _("Close"), _("Since {day}", { time: 1 }), ngettext("{n} day", "{n} days", 2),
          numberText(1234.56, 1), numberText(2),
        ];}""",
        f"{STATIC_ADDRESS}/shared/words.js",
    )
    assert said == [
        f"{BEGIN}Guardado a las 9:05{END}", f"{BEGIN}1 nota{END}", f"{BEGIN}2 notas{END}",
        f"{BEGIN}Cierre{END}", "Close", "Since {day}", "2 days", "1234,6", "2",
    ]  # fmt: skip
