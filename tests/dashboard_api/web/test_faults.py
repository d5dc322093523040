"""What is wrong with a request, and what is refused before a page is looked for, in a language."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticKnownError

from contract.language import speaking
from dashboard_api.language import LANGUAGES
from dashboard_api.web.faults import FAULTS, detail_text, fault_text
from tests.language.marked import MARKED

VALUES: dict[str, Any] = {"error": "x", "expected": "'a'", "pattern": "a+"}
SPANISH = {"Accept-Language": "es-MX"}


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-z]*$")] = "ab"
    short: Annotated[str, Field(max_length=1)] = ""
    count: Annotated[int, Field(ge=1, lt=9)] = 1


def fault_of(**sent: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refused:
        Sent(**sent)
    (fault,) = refused.value.errors()
    return dict(fault)


@pytest.mark.parametrize("kind", FAULTS)
def test_the_catalogue_has_pydantic_s_own_words(kind: str) -> None:
    values = {name: VALUES.get(name, 1) for name in re.findall(r"\{(\w+)\}", FAULTS[kind])}
    assert PydanticKnownError(kind, values or None).message_template == FAULTS[kind]


@pytest.mark.parametrize(
    ("sent", "says"),
    (
        ({"name": "a"}, "[String should have at least 2 characters]"),
        ({"name": "abcd"}, "[String should have at most 3 characters]"),
        ({"short": "ab"}, "[String should have at most 1 character]"),
        ({"name": "AB"}, "[String should match pattern '^[a-z]*$']"),
        (
            {"count": "{ge}"},
            "[Input should be a valid integer, unable to parse string as an integer]",
        ),
        ({"count": 0}, "[Input should be greater than or equal to 1]"),
        ({"count": 9}, "[Input should be less than 9]"),
        ({"more": 1}, "[Extra inputs are not permitted]"),
    ),
)
def test_a_fault_is_said_in_the_reader_s_language(sent: dict[str, Any], says: str) -> None:
    fault = fault_of(**sent)
    assert fault_text(fault) == fault["msg"] == says[1:-1]
    with speaking(MARKED):
        assert fault_text(fault) == says


def test_a_fault_that_is_not_in_the_catalogue_stays() -> None:
    with speaking(MARKED):
        assert fault_text({"type": "frozen_field", "msg": "Field is frozen"}) == "Field is frozen"
        assert detail_text("Something of our own") == "Something of our own"


def test_what_is_refused_early_has_the_browser_s_language_too(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LANGUAGES, "es", MARKED)
    foreign = client.post("/sign-out", headers={**SPANISH, "Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert foreign.json()["detail"].startswith("[This change came from another website")
    long = client.get("/" + "a" * 9_000, headers=SPANISH)
    assert (long.status_code, long.json()["detail"][0]) == (414, "[")
    nowhere = client.get("/no-such-page", headers={**SPANISH, "Accept": "text/html"})
    assert "<h1>[Not found]</h1>" in nowhere.text
    wrong = client.request("PUT", "/sign-in", headers=SPANISH)
    assert wrong.json()["detail"] == "[Method Not Allowed]."
    form = client.post("/sign-in", data={"who": "x"}, headers=SPANISH)
    assert form.json()["detail"] == "who: [Extra inputs are not permitted]."
