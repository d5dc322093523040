"""A page sends nothing as somebody else who has signed in meanwhile in the same browser."""

from __future__ import annotations

import pytest

from tests.signed_in import COACH, TEACHER

API = "/api/lessons/sample/moments"


@pytest.mark.parametrize(
    ("path", "body"), ((API, {"start_s": 1}), (f"{API}/sample-b/replies", {"text": "x"}))
)
def test_what_a_page_sends_is_taken_as_its_persons_alone(client, coach, path, body):
    for pages, person, other in ((client, TEACHER, COACH), (coach, COACH, TEACHER)):
        refused = pages.post(path, json=body, headers={"Roomtone-Person": other})
        assert refused.status_code == 401
        assert "Somebody else is signed in" in refused.json()["detail"]
        assert pages.post(path, json=body, headers={"Roomtone-Person": person}).status_code == 201


def test_a_list_for_one_person_is_not_shown_to_another(client, filled):
    path = "/lessons/sample/moments"
    assert client.get(path, headers={"Roomtone-Person": "someone"}).status_code == 401
    assert client.get(path, headers={"Roomtone-Person": TEACHER}).status_code == 200
