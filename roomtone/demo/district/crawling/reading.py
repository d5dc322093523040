"""What a page has of links, addresses of forms, headings and text. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlencode

__all__ = ["PageParts", "read_page"]

_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4"})
_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
     "wbr"}
)  # fmt: skip
_UNREAD: Final = frozenset({"script", "style", "template"})
_VERBATIM: Final = frozenset({"code", "pre", "textarea", "kbd"})
"""In these a brace is what somebody wrote."""
_SAID: Final = ("alt", "aria-label", "placeholder", "title")
_LINKS: Final = {("a", "href"), ("area", "href")}
_FILES: Final = {
    ("link", "href"), ("script", "src"), ("img", "src"), ("video", "src"), ("audio", "src"),
    ("source", "src"), ("track", "src"), ("video", "poster"),
}  # fmt: skip
_SENT: Final = ("hx-post", "hx-put", "hx-patch", "hx-delete")
_UNSENT: Final = frozenset({"submit", "button", "image", "file", "reset"})


@dataclass(slots=True)
class _Form:
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class PageParts:
    """Addresses are as the page writes them."""

    language: str = ""
    links: list[str] = field(default_factory=list)
    """What a click opens, and a form that only asks, with its fields as they stand there."""
    files: list[str] = field(default_factory=list)
    """What the page is made of: pictures, scripts, styles, videos."""
    sent_to: list[str] = field(default_factory=list)
    """Where forms send what changes something."""
    headings: list[tuple[str, str]] = field(default_factory=list)
    """(tag, text), in the page's order."""
    ids: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    """What is read on the page, or aloud."""


def read_page(text: str) -> PageParts:
    """Read a page; what is not valid HTML is read as far as it goes."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.parts


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = PageParts()
        self._open: list[str] = []
        self._form: _Form | None = None
        self._select: tuple[str, str | None] | None = None
        """The name of an open list, and what is chosen in it so far."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append(tag)
        if _UNREAD & set(self._open[:-1]):
            return
        here = {name: value or "" for name, value in attrs}
        parts = self.parts
        if tag == "html":
            parts.language = here.get("lang", "")
        if "id" in here:
            parts.ids.add(here["id"])
        parts.text += [here[name] for name in _SAID if here.get(name)]
        for name, value in here.items():
            if (tag, name) in _LINKS or name == "hx-get":
                parts.links.append(value)
            elif (tag, name) in _FILES:
                parts.files.append(value)
            elif name in _SENT:
                parts.sent_to.append(value)
        if tag in _HEADINGS:
            parts.headings.append((tag, here.get("aria-label", "")))
        elif tag == "img" and here.get("alt"):
            self._add_to_heading(here["alt"])
        self._read_form(tag, here)

    def _read_form(self, tag: str, here: dict[str, str]) -> None:
        """A form that asks becomes a link with its fields as they stand."""
        if tag == "form":
            action = here.get("action", "")
            if here.get("method", "get").lower() == "get":
                self._form = None if {*_SENT, "hx-get"} & here.keys() else _Form(action)
            else:
                self._form = None
                self.parts.sent_to.append(action)
        elif "formaction" in here:
            self.parts.sent_to.append(here["formaction"])
        if self._form is None:
            return
        if tag == "input" and here.get("name") and here.get("type") not in _UNSENT:
            if here.get("type") not in {"checkbox", "radio"} or "checked" in here:
                self._form.fields.append((here["name"], here.get("value", "")))
        elif tag == "select" and here.get("name"):
            self._select = here["name"], None
        elif tag == "option" and self._select is not None:
            name, chosen = self._select
            if chosen is None or "selected" in here:
                self._select = name, here.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        if tag == "select" and self._select is not None:
            name, chosen = self._select
            if self._form is not None and chosen is not None:
                self._form.fields.append((name, chosen))
            self._select = None
        elif tag == "form" and self._form is not None:
            action, hash_sign, mark = self._form.action.partition("#")
            asked = urlencode(self._form.fields)
            self.parts.links.append(f"{action.partition('?')[0]}?{asked}{hash_sign}{mark}")
            self._form = None

    def handle_data(self, data: str) -> None:
        if _UNREAD & set(self._open):
            return
        self._add_to_heading(data)
        if not _VERBATIM & set(self._open):
            self.parts.text.append(data)

    def _add_to_heading(self, text: str) -> None:
        if self.parts.headings and _HEADINGS & set(self._open):
            tag, before = self.parts.headings[-1]
            self.parts.headings[-1] = tag, f"{before}{text}"
