"""Topics survive taking apart and putting together; strangers are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import DecodeError
from contract.topics import KINDS, NAME, Topic, ingest_state, subscription

names = st.from_regex(NAME, fullmatch=True)


@given(names, names.filter(lambda n: n != "ingest"), names, st.sampled_from(KINDS))
def test_parse_undoes_str(site: str, room: str, node: str, kind: str) -> None:
    topic = Topic(site, room, node, kind)  # type: ignore[arg-type]
    assert Topic.parse(str(topic)) == topic


@pytest.mark.parametrize(
    ("text", "says"),
    (
        ("homeassistant/x", "does not start with"),
        ("roomtone/2/s/r/n/data", "does not start with"),
        ("roomtone/1/s/r/n", "is not site/room/node/kind"),
        ("roomtone/1/s/r/n/video", "none of"),
        ("roomtone/1/S/r/n/data", "is not a name"),
        ("roomtone/1/s/ingest/n/data", "reserved"),
        ("roomtone/1/s/r/+/data", "is not a name"),
        ("roomtone/1/s/r/" + "n" * 33 + "/data", "is not a name"),
        ("roomtone/1/s/r\n/n/data", "is not a name"),
    ),
)
def test_what_is_not_ours_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        Topic.parse(text)


@given(st.text(max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(DecodeError):
        assert str(Topic.parse(text)) == text


def test_subscriptions_and_ingests_own_topic() -> None:
    assert subscription("oak", "data") == "roomtone/1/oak/+/+/data"
    assert ingest_state("oak") == "roomtone/1/oak/ingest/state"
