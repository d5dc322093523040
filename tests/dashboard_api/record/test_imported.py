"""A lesson is read back from a file, as a copy that is its importer's and opens nothing."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from school.bundle.file_format import MAX_BYTES, _checksum, bundle_text, read_bundle
from school.bundle.nameless import nameless
from tests.bundles import bundle_content, bundle_file
from tests.dashboard_api.conftest import Pages
from tests.signed_in import BY, COACH, TEACHER


def send(pages: Pages, data: bytes, name: str = "lesson.json") -> httpx.Response:
    return pages.post("/imported", files={"file": (name, data)})


def imported(pages: Pages, data: bytes) -> str:
    """The address of the copy."""
    answer = send(pages, data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_lesson_makes_the_whole_way(client, coach, filled, stores) -> None:
    """What the file has is on the page, and a file that is taken again is the same but for names."""
    stores.sharing.guesses.put("sample", TEACHER, [(660, 780)], 240, 1)
    file = client.get("/lessons/sample/lesson.json").content
    address = imported(coach, file)
    page = coach.get(address).text
    assert "Imported copy." in page
    assert "nobody has checked it" in page
    assert "Fractions, part 2" in page
    assert "They were ready quickly today" in page
    assert "Settling in took 4 min." in page
    assert '<svg class="strip"' in page
    assert page.count('class="h') > 40
    assert "whole class" in page
    again = coach.get(f"{address}/lesson.json")
    assert read_bundle(again.content, "it") == nameless(read_bundle(file, "it"))
    assert "Ms Ortega" not in page + again.text
    assert TEACHER not in again.text
    assert imported(coach, again.content) != address
    assert 'href="/imported"' in coach.get("/account").text
    listed = coach.get("/imported").text
    assert listed.count("Fractions, part 2</a>") == 2
    sentences = [e.sentence for e in stores.audit.of_person(COACH, 9)]
    assert re.fullmatch(r"The-coach read imported lesson \w{32} from a file", sentences[0])


def test_it_grants_nothing(client, coach, filled, stores) -> None:
    """Also a file that was written by hand, with the ids and names of this school."""
    forged = bundle_content(author=TEACHER, words="I never said this")
    lesson = forged.lesson.model_copy(
        update={"room": "room-204", "teacher": "Ms Ortega", "title": "sample"}
    )
    stores.sharing.unshare("sample", COACH, BY)
    address = imported(coach, bundle_text(forged.model_copy(update={"lesson": lesson})).encode())
    name = address.removeprefix("/imported/")
    page = coach.get(address).text
    assert TEACHER not in page
    assert "Ms Ortega" not in page
    for path in ("/lessons/sample", f"/lessons/{name}", f"/lessons/{name}/sharing",
                 f"/api/lessons/{name}/timeline", "/rooms/room-204/live"):  # fmt: skip
        assert coach.get(path).status_code == 404, path
    assert coach.get("/api/lessons").json() == []
    assert client.get(address).status_code == 404
    assert client.get(f"{address}/lesson.json").status_code == 404
    assert client.post(f"{address}/delete").status_code == 404
    assert "/imported/" not in client.get("/imported").text
    assert coach.get(address).status_code == 200
    assert stores.lessons.count_lessons() == 1


def test_it_can_be_deleted(client, filled, stores) -> None:
    address = imported(client, bundle_file())
    answer = client.post(f"{address}/delete")
    assert answer.headers["location"] == "/imported"
    assert client.get(address).status_code == 404
    assert "/imported/" not in client.get("/imported").text
    assert "deleted imported lesson" in stores.audit.of_person(TEACHER, 1)[0].sentence


def changed(**more: object) -> bytes:
    whole = json.loads(bundle_file())
    return json.dumps(whole | more).encode()


def with_fitting_checksum(**more: object) -> bytes:
    content = json.loads(bundle_file())["content"] | more
    return changed(content=content, sha256=_checksum(content))


@pytest.mark.parametrize(
    ("data", "sentence"),
    (
        (b"PK\x03\x04", "is not JSON"),
        (b'{"a": 1}', "is no bundle of a lesson"),
        (changed(version=7), "has version 7 of the format, and this Roomtone reads version 1"),
        (bundle_file().replace(b"Who begins?", b"Who shouts?"), "was changed or damaged"),
        (with_fitting_checksum(owner="me"), "does not fit version 1 of the format, at owner"),
        (with_fitting_checksum(moments=[{"id": "x"}]), "at moments.0"),
    ),
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(client, filled, stores, data, sentence):
    answer = send(client, data, "my lesson.json")
    assert answer.status_code == 422
    assert 'role="alert">The file my lesson.json ' in answer.text
    assert sentence in answer.text.replace("&#39;", "'")
    assert stores.sharing.imported.of_person(TEACHER) == []


def test_no_file_and_too_much_are_refused(client, filled, stores) -> None:
    assert "Choose a file first" in client.post("/imported", data={"file": "x"}).text
    assert "Choose a file first" in client.post("/imported").text
    assert "larger than 4 MB" in send(client, b" " * (MAX_BYTES + 1)).text
    assert send(client, b" " * (MAX_BYTES + 20_000)).status_code == 413
    assert client.post("/lessons/sample/step", content=b"x" * 70_000).status_code == 413
    assert send(client, b"{}", "<b>x</b>\n" * 50).text.count("<b>x") == 0
    assert stores.sharing.imported.of_person(TEACHER) == []


def test_words_of_a_file_are_never_markup(client, filled) -> None:
    evil = "<script>alert(1)</script>"
    content = bundle_content(words=evil, author=evil)
    lesson = content.lesson.model_copy(update={"title": evil, "room": evil})
    page = client.get(
        imported(client, bundle_text(content.model_copy(update={"lesson": lesson})).encode())
    )
    assert evil not in page.text
    assert "&lt;script&gt;" in page.text
    assert evil not in client.get("/imported").text
