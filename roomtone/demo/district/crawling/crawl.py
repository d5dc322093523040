"""Opens every page that somebody reaches by links from their start page.

Of addresses that differ only in ids, some are opened: `/lessons/1` and `/lessons/2` are one kind of page.
"""

from __future__ import annotations

import mimetypes
import re
import urllib.error
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from dashboard_api.language.catalogue import FOLDER, read_file
from roomtone.demo.district.crawling.reading import PageParts, read_page

__all__ = ["Answer", "Crawl", "Fetch", "Found", "fetch_from", "fetch_with", "kind_of"]

_HTML: Final = "text/html"

_OF_A_KIND: Final = 3
"""So many pages of a kind are opened as one person."""
_MAX_PAGES: Final = 1_000
"""More would be a page that leads to more and more of its kind."""
_PATIENCE_S: Final = 20.0
_LEFT_OUT: Final = re.compile(r"/(demo/|sign-out)")
"""Links that would make somebody else of who follows them."""
_ID: Final = re.compile(r"\d|.{30}")
_UNFILLED: Final = re.compile(
    r"\{[^{}\n]{0,40}\}|%\(\w+\)\w?|<[^<>]* object at 0x|\bundefined\b|\bNaN\b"
)
_MEDIA: Final = re.compile(r"/video$|\.(mp4|webm)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server sent. `address` is where it came from after redirects, from the path on."""

    status: int
    address: str
    kind: str
    body: bytes


Fetch = Callable[[str, str], Answer]
"""(path, language) → answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page or file that was reached."""

    path: str
    kind: str
    """Of its content, such as `text/html`."""
    is_whole: bool
    """Whether it is a page, and not a part of one, or a file."""


def fetch_with(origin: str, cookie: str = "") -> Fetch:
    """Fetch from this origin as who has that cookie."""

    def fetch(path: str, language: str) -> Answer:
        headers = {"Cookie": cookie, "Accept-Language": language}
        if _MEDIA.search(urlsplit(path).path):
            headers["Range"] = "bytes=0-99"
        request = urllib.request.Request(origin + path, headers=headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
                return _answer(
                    answer.status, answer.url, answer.headers.get_content_type(), answer.read()
                )
        except urllib.error.HTTPError as error:
            with error:
                return _answer(
                    error.code, error.url, error.headers.get_content_type(), error.read()
                )

    return fetch


def _answer(status: int, url: str, kind: str, body: bytes) -> Answer:
    parts = urlsplit(url)
    address = parts.path + (f"?{parts.query}" if parts.query else "")
    return Answer(status=status, address=address, kind=kind, body=body)


def fetch_from(folder: Path) -> Fetch:
    """Read the files of a folder as a server would send them."""

    def fetch(path: str, _language: str) -> Answer:
        file = folder / unquote(urlsplit(path).path).lstrip("/")
        if not file.is_file():
            return Answer(status=404, address=path, kind="", body=b"")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return Answer(status=200, address=path, kind=kind, body=file.read_bytes())

    return fetch


def kind_of(path: str) -> str:
    """An address without its ids and values: pages of one kind have the same."""
    parts = urlsplit(path)
    segments = ["*" if _ID.search(part) else part for part in parts.path.split("/")]
    names = sorted({each.partition("=")[0] for each in parts.query.split("&") if each})
    return "/".join(segments) + ("?" + "&".join(names) if names else "")


@dataclass(slots=True)
class Crawl:
    """`run` follows links from the start page on; `faults` has a sentence for each thing that is broken."""

    who: str
    fetch: Fetch
    start: str = "/"
    wanted: Collection[str] = ()
    """Pages that have to be reached. Of their kind they are the ones that `pages` has."""
    languages: Collection[str] = ("es",)
    """Others in which one page of each kind is read too."""
    faults: list[str] = field(default_factory=list)
    found: dict[str, Found] = field(default_factory=dict)
    """By their address, in order of their links."""
    _met: dict[str, str] = field(default_factory=dict)
    """Address → the page that leads there."""
    _kinds: Counter[str] = field(default_factory=Counter)
    _waiting: deque[str] = field(default_factory=deque)
    _ids: dict[str, set[str]] = field(default_factory=dict)
    _marks: dict[tuple[str, str], str] = field(default_factory=dict)
    """(address, id on it) → the page that leads there."""

    def run(self) -> None:
        """Open all of it."""
        self._meet(self.start, "the beginning")
        while self._waiting and len(self.found) < _MAX_PAGES:
            self._open(self._waiting.popleft())
        if self._waiting:
            self.faults.append(
                f"{self.who}: more than {_MAX_PAGES} pages; {self._waiting[0]} is next"
            )
        for path in self.wanted:
            if path not in self._met:
                self._say(path, "is not reached: no page links to it")
        for (path, mark), page in self._marks.items():
            if path in self._ids and mark not in self._ids[path]:
                self._say(page, f"links to {path}#{mark}, where nothing has this id")
        for language in self.languages:
            for path in self.pages():
                self._look_again(path, language)

    def pages(self) -> list[str]:
        """One page of each kind, in order of their links."""
        one: dict[str, str] = {}
        for found in self.found.values():
            kind = kind_of(found.path)
            if found.is_whole and (kind not in one or found.path in self.wanted):
                one[kind] = found.path
        return [*one.values()]

    def _say(self, path: str, what: str) -> None:
        self.faults.append(f"{self.who}: {path} {what}")

    def _meet(self, path: str, page: str) -> None:
        """Open it later, unless it was met, or enough of its kind were."""
        if path in self._met or _LEFT_OUT.match(path):
            return
        if path not in self.wanted:
            kind = kind_of(path)
            if self._kinds[kind] >= _OF_A_KIND:
                return
            self._kinds[kind] += 1
        self._met[path] = page
        self._waiting.append(path)

    def _open(self, path: str) -> None:
        answer = self.fetch(path, "en")
        if answer.status not in {200, 204, 206}:
            self._say(path, f"answers {answer.status}; {self._met[path]} leads there")
            return
        if answer.address.startswith("/sign-in"):
            self._say(path, f"asks to sign in; {self._met[path]} leads there")
            return
        if answer.kind != _HTML:
            self.found[path] = Found(path=path, kind=answer.kind, is_whole=False)
            if answer.status != 204 and not answer.body:
                self._say(path, f"is empty; {self._met[path]} leads there")
            return
        parts = read_page(answer.body.decode())
        # A part of a page has no language, and no heading of its own.
        is_whole = bool(parts.language)
        self.found[path] = Found(path=path, kind=answer.kind, is_whole=is_whole)
        self._ids[path] = parts.ids
        if is_whole and (tops := sum(tag == "h1" for tag, _text in parts.headings)) != 1:
            self._say(path, f"has {tops} first headings")
        self._look_at(path, parts)
        self._follow(path, answer.address, parts)

    def _look_at(self, path: str, parts: PageParts) -> None:
        for tag, text in parts.headings:
            if not text.strip():
                self._say(path, f"has an empty {tag}")
        for text in parts.text:
            if left := _UNFILLED.search(text):
                self._say(path, f"says “{left.group()}” in “{' '.join(text.split())[:80]}”")

    def _look_again(self, path: str, language: str) -> None:
        answer = self.fetch(path, language)
        if answer.status != 200:
            self._say(path, f"answers {answer.status} in the language {language}")
            return
        parts = read_page(answer.body.decode())
        if parts.language != language:
            self._say(path, f"is not in the language {language} for who asks for it")
        for tag, text in parts.headings:
            if (words := " ".join(text.split())) in _translated(language):
                self._say(path, f"has the {tag} “{words}” in the language {language} too")
        self._look_at(path, parts)

    def _follow(self, path: str, address: str, parts: PageParts) -> None:
        for link in (*parts.links, *parts.files):
            target, mark = urldefrag(self._absolute(address, link))
            if not target.startswith("/"):
                continue
            if mark and link in parts.links and not mark.startswith("t="):
                self._marks.setdefault((target, mark), path)
            self._meet(target, path)
        for action in parts.sent_to:
            self._try_address(path, self._absolute(address, action))

    def _try_address(self, page: str, action: str) -> None:
        """An address that only takes something answers 405 to who asks; one that is not there, 404."""
        kind = f"sent {kind_of(action)}"
        if self._kinds[kind] or not action.startswith("/") or _LEFT_OUT.match(action):
            return
        self._kinds[kind] += 1
        if self.fetch(action, "en").status == 404:
            self._say(page, f"has a form for {action}, which is not there")

    @staticmethod
    def _absolute(address: str, link: str) -> str:
        """From the path on; what leads elsewhere stays as it is."""
        joined = urljoin(f"http://here{address}", link)
        return joined.removeprefix("http://here") or "/"


@cache
def _translated(language: str) -> frozenset[str]:
    """English texts that are others in this language."""
    catalogue = read_file(FOLDER / f"{language}.po")
    return frozenset(
        each.id for each in catalogue
        if isinstance(each.id, str) and each.id and each.string not in {"", each.id}
    )  # fmt: skip
