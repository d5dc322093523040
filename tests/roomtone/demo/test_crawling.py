"""Following links: what is broken on a page is found, on a site that is a dict."""

from __future__ import annotations

from hashlib import sha256

import pytest

from roomtone.demo.district.crawling.crawl import Answer, Crawl, fetch_from, kind_of
from roomtone.demo.district.crawling.reading import read_page
from roomtone.demo.district.packs import pack_faults

PAGE = '<html lang="{language}"><h1>{title}</h1>{body}</html>'


def crawl_of(pages, *, wanted=(), languages=(), other_language=None):
    """Crawl a site: path → what is in its body, or a number for an error. Without its kind a page is HTML."""

    def fetch(path, language):
        held = (other_language if language != "en" else None) or pages
        body = held.get(path, 404)
        if isinstance(body, int):
            return Answer(status=body, address=path, kind="text/html", body=b"")
        if isinstance(body, bytes):
            return Answer(status=200, address=path, kind="text/csv", body=body)
        if not body.startswith("<html"):
            body = PAGE.format(language=language, title=f"A page {path}", body=body)
        return Answer(status=200, address=path, kind="text/html", body=body.encode())

    crawl = Crawl("teacher", fetch, wanted=wanted, languages=languages)
    crawl.run()
    return crawl


def faults_of(body, **more):
    return crawl_of({"/": body}, **more).faults


def test_a_whole_site_without_faults():
    crawl = crawl_of(
        {
            "/": '<a href="/a#here">A</a><a href="https://elsewhere.example/">E</a>',
            "/a": '<p id="here"><a href="/file.csv">CSV</a><img src="/picture.png" alt="It">',
            "/file.csv": b"a,b\n",
            "/picture.png": b"png",
        }
    )
    assert crawl.faults == []
    assert list(crawl.found) == ["/", "/a", "/file.csv", "/picture.png"]
    assert crawl.pages() == ["/", "/a"]


@pytest.mark.parametrize(
    ("body", "fault"),
    (
        ('<a href="/gone">x</a>', "teacher: /gone answers 404; / leads there"),
        ('<img src="/gone.png" alt="">', "teacher: /gone.png answers 404; / leads there"),
        ('<video src="/gone/video"></video>', "teacher: /gone/video answers 404; / leads there"),
        ('<div hx-get="/part"></div>', "teacher: /part answers 404; / leads there"),
        ('<a href="#nowhere">x</a>', "teacher: / links to /#nowhere, where nothing has this id"),
        ("<h2> <b></b></h2>", "teacher: / has an empty h2"),
        ("<h1>Another</h1>", "teacher: / has 2 first headings"),
        ("<p>There are {n} lessons", "teacher: / says “{n}” in “There are {n} lessons”"),
        ('<a href="/" title="For {name}">', "teacher: / says “{name}” in “For {name}”"),
        ("<p>%(count)s left", "teacher: / says “%(count)s” in “%(count)s left”"),
        (
            '<form method="post" action="/gone"></form>',
            "teacher: / has a form for /gone, which is not there",
        ),
        (
            '<form method="post"><button formaction="/gone">x</button></form>',
            "teacher: / has a form for /gone, which is not there",
        ),
        (
            """<form><input name="q" value="a b"><input type="checkbox" name="no" value="1">
            <select name="of"><option value="all"><option value="own" selected></select></form>""",
            "teacher: /?q=a+b&of=own answers 404; / leads there",
        ),
    ),
)
def test_a_fault_is_found(body, fault):
    assert faults_of(body) == [fault]


def test_nothing_is_wrong_with_these():
    assert faults_of('<h2 aria-label="Said"></h2><h2><img src="/" alt="Shown"></h2>') == []
    assert faults_of("<pre>{n}</pre><code>{n}</code><script>{n}</script>") == []
    assert faults_of('<form method="post" action="/"></form>') == []
    assert faults_of('<form method="post" action="/sign-out"></form>') == []
    assert faults_of('<a href="/demo/coach">as the coach</a>') == []
    assert faults_of("<template><h2></h2></template>") == []


def test_who_has_to_sign_in_again_and_an_empty_file_are_found():
    def fetch(path, _language):
        if path == "/":
            text = '<html lang="en"><h1>A</h1><a href="/b">B</a><a href="/c.csv">C</a>'
            return Answer(status=200, address="/", kind="text/html", body=text.encode())
        if path == "/b":
            return Answer(status=200, address="/sign-in?next=/b", kind="text/html", body=b"x")
        return Answer(status=200, address=path, kind="text/csv", body=b"")

    crawl = Crawl("coach", fetch, languages=())
    crawl.run()
    assert crawl.faults == [
        "coach: /b asks to sign in; / leads there",
        "coach: /c.csv is empty; / leads there",
    ]


def test_some_of_each_kind_are_opened_and_those_that_are_wanted():
    pages = {f"/lessons/{n}": "" for n in range(9)}
    pages["/"] = "".join(f'<a href="{path}">x</a>' for path in pages)
    assert len(crawl_of(pages).found) == 4
    crawl = crawl_of(pages, wanted=["/lessons/7", "/never"])
    assert crawl.faults == ["teacher: /never is not reached: no page links to it"]
    assert "/lessons/7" in crawl.found
    assert crawl.pages() == ["/", "/lessons/7"]


def test_kinds_of_addresses():
    assert kind_of("/lessons/ash-1-2026/step") == kind_of("/lessons/birch-2/step")
    assert kind_of("/people") != kind_of("/rooms")
    assert kind_of("/audit?before=3") == kind_of("/audit?before=9") != kind_of("/audit")


def test_headings_that_stay_english_are_found():
    english = {"/": "<h2>Sign out</h2>"}
    assert crawl_of(english, languages=["es"]).faults == [
        "teacher: / has the h2 “Sign out” in the language es too"
    ]
    spanish = {"/": "<h2>Cerrar sesión</h2>"}
    assert crawl_of(english, languages=["es"], other_language=spanish).faults == []
    spanish = {"/": '<html lang="en"><h1>Uno</h1></html>'}
    assert crawl_of(english, languages=["es"], other_language=spanish).faults == [
        "teacher: / is not in the language es for who asks for it"
    ]


def test_a_page_that_is_not_valid_is_read_as_far_as_it_goes():
    parts = read_page('<p><h2>One</p><a href="/x">X</h2></div><h3>Two')
    assert parts.links == ["/x"]
    assert [tag for tag, _text in parts.headings] == ["h2", "h3"]


def test_the_files_of_a_folder_are_followed_as_pages(tmp_path):
    body = '<a href="tables/a%20b.csv">A</a><a href="tables/gone.csv">B</a>'
    text = PAGE.format(language="en", title="Contents", body=body)
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a b.csv").write_bytes(b"a")
    crawl = Crawl("pack", fetch_from(tmp_path), start="/index.html", languages=())
    crawl.run()
    assert crawl.faults == ["pack: /tables/gone.csv answers 404; /index.html leads there"]
    assert crawl.found["/tables/a%20b.csv"].kind == "text/csv"


def test_a_pack_is_held_against_its_sums(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("one.txt", "a/two.txt", "three.txt"):
        (tmp_path / name).write_bytes(name.encode())
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.txt"))
    lines = [f"{sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}" for name in names]
    (tmp_path / "SHA256SUMS").write_text("\n".join(lines), encoding="utf-8")
    assert pack_faults(tmp_path) == []
    (tmp_path / "a" / "two.txt").write_bytes(b"changed")
    (tmp_path / "three.txt").unlink()
    (tmp_path / "more.txt").write_bytes(b"")
    assert pack_faults(tmp_path) == [
        f"{tmp_path.name}/a/two.txt is changed",
        f"{tmp_path.name}/more.txt is not in the sums",
        f"{tmp_path.name}/three.txt is missing",
    ]
