"""Static files from memory."""

from __future__ import annotations

import pytest

from dashboard_api.web.rendering import STATIC, STATIC_ADDRESS

NAME = "lessons/page.js"


@pytest.mark.parametrize(("accepted", "encoding"), (("gzip, br", "gzip"), ("identity", None)))
def test_a_file_comes_as_it_is_or_compressed_as_the_client_likes(client, accepted, encoding):
    content = (STATIC / NAME).read_bytes()
    answer = client.get(f"{STATIC_ADDRESS}/{NAME}", headers={"accept-encoding": accepted})
    assert answer.content == content
    assert answer.headers.get("content-encoding") == encoding
    length = int(answer.headers["content-length"])
    assert length < len(content) if encoding else length == len(content)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "immutable" in answer.headers["cache-control"]


def test_the_answer_is_the_same_each_time(client):
    first, second = (dict(client.get(f"{STATIC_ADDRESS}/{NAME}").headers) for _ in range(2))
    assert first == second


def test_a_file_is_read_once(client, monkeypatch):
    address = f"{STATIC_ADDRESS}/{NAME}"
    first = client.get(address)

    def refuse(*_: object) -> bytes:
        raise AssertionError("a file was read again")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    monkeypatch.setattr("gzip.compress", refuse)
    assert client.get(address).content == first.content


def test_head_has_no_body_and_a_change_is_refused(client):
    address, plain = f"{STATIC_ADDRESS}/{NAME}", {"accept-encoding": "identity"}
    answer = client.request("HEAD", address, headers=plain)
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == (STATIC / NAME).stat().st_size
    assert not answer.content
    assert client.post(address).status_code == 405


@pytest.mark.parametrize(
    "name",
    ("", "lessons", "lessons/none.js", "..%2fapp.py", "%2e%2e/app.py", "lessons/../../app.py"),
)
def test_anything_else_is_not_found(client, name):
    answer = client.get(f"{STATIC_ADDRESS}/{name}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]
