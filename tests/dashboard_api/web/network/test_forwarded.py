"""Whom a reverse proxy asks for: its headers are believed, a stranger's are not."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from dashboard_api.web.network.forwarded import ForwardedError, Origin, origin_of

PROXIES = tuple(ip_network(each) for each in ("10.0.0.0/24", "fd00::/64"))
PROXY = "10.0.0.1"


def origin(peer: str = PROXY, **given: str) -> Origin | None:
    headers = Headers({name.replace("_", "-"): value for name, value in given.items()})
    return origin_of(peer, headers, PROXIES)


@pytest.mark.parametrize(
    ("hops", "client"),
    (
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.7, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.7", "203.0.113.9"),
        ("203.0.113.9:4711, 10.0.0.7:80", "203.0.113.9"),
        ("[2001:db8::1]:80,fd00::3", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.8, 10.0.0.7", "10.0.0.8"),
        ("unknown, 10.0.0.7", "10.0.0.7"),
        ("203.0.113.9, rubbish", PROXY),
        ("", PROXY),
    ),
)
def test_the_right_most_address_that_is_no_proxys_counts(hops: str, client: str) -> None:
    found = origin(x_forwarded_for=hops, x_forwarded_proto="https", x_forwarded_host="a.example")
    assert found == Origin(client, "https", "a.example")


@pytest.mark.parametrize(
    ("text", "seen"),
    (
        ("for=203.0.113.9;proto=https;host=a.example", Origin("203.0.113.9", "https", "a.example")),
        ('For="[2001:db8::1]:80" ; Proto=HTTPS', Origin("2001:db8::1", "https")),
        ("for=1.2.3.4;host=evil, for=203.0.113.9;host=a.example",
         Origin("203.0.113.9", "", "a.example")),
        ("for=203.0.113.9;proto=https, for=10.0.0.7;proto=http", Origin("203.0.113.9", "https")),
        ("for=_hidden;proto=https", Origin(PROXY)),
        ('for="203.0.113.9";host="a\\".example"', Origin("203.0.113.9", "", 'a".example')),
    ),
)  # fmt: skip
def test_the_standard_header(text: str, seen: Origin) -> None:
    assert origin(forwarded=text) == seen


def test_a_proxy_that_passes_on_a_strangers_other_header_is_refused() -> None:
    with pytest.raises(ForwardedError, match="must remove"):
        origin(forwarded="for=1.2.3.4", x_forwarded_for="203.0.113.9")


@pytest.mark.parametrize("text", ("for", "for=a b", "=", 'for="a', "for=a;;", ";"))
def test_a_header_that_can_not_be_read_is_refused(text: str) -> None:
    with pytest.raises(ForwardedError, match="can't be read"):
        origin(forwarded=text)


def test_nobody_else_is_believed_and_a_silent_proxy_asks_for_nobody() -> None:
    assert origin("203.0.113.1", x_forwarded_for="127.0.0.1", forwarded="for=127.0.0.1") is None
    assert origin("10.0.1.1", x_forwarded_for="127.0.0.1") is None
    assert origin("", x_forwarded_for="127.0.0.1") is None
    assert origin(host="a.example") is None


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.sampled_from(("old", "standard")))
def test_what_a_stranger_writes_in_front_changes_nothing(forged: str, kind: str) -> None:
    if kind == "old":
        found = origin(x_forwarded_for=f"{forged}, 203.0.113.9", x_forwarded_proto="https")
    else:
        try:
            found = origin(forwarded=f"{forged}, for=203.0.113.9;proto=https")
        except ForwardedError:
            return
    if kind == "old" or '"' not in forged:
        assert found == Origin("203.0.113.9", "https")
