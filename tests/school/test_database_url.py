"""A password in the URL of a database is in nothing that is shown."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from school.database_url import described, postgres_url, public_url, without_secrets
from school.postgres_backup import dump_advice, restore_advice

# Letters that stand in no other part of the URL, and what has a meaning in one.
SECRETS = st.text("QXZ/@:?&=#%+ é", min_size=4).map(lambda text: f"QX{text}")


@given(password=SECRETS, other=SECRETS)
def test_what_is_shown_of_a_url_holds_no_password(password: str, other: str) -> None:
    text = f"postgresql://ada:{quote(password, safe='')}@db.example/school?sslmode=require"
    text += f"&sslpassword={quote(other, safe='')}&password={quote(other, safe='')}"
    url = postgres_url(text)
    assert url.password == password
    secret = SecretStr(text)
    for shown in (described(url), public_url(url), dump_advice(secret), restore_advice(secret)):
        assert "QX" not in shown
    assert public_url(url) == "postgresql://ada@db.example/school?sslmode=require"


@given(password=SECRETS)
def test_what_others_say_is_shown_without_the_password(password: str) -> None:
    url = postgres_url(f"postgresql://ada:{quote(password, safe='')}@db.example/school")
    for each in (password, quote(password, safe=""), quote_plus(password)):
        said = without_secrets(f"no {each} here, nor {each!s}.", url)
        assert said == "no *** here, nor ***."
