"""Which version of MQTT is tried next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contract.mqtt.protocol_choice import ProtocolChoice


def test_a_broker_that_speaks_3_1_1_alone_is_met_after_two_silences() -> None:
    choice = ProtocolChoice("auto")
    tried = []
    for _ in range(3):
        tried.append(choice.version)
        choice.silent()
    assert tried == ["5", "5", "3.1.1"]


def test_a_broker_that_says_that_it_knows_no_5_is_met_at_once() -> None:
    choice = ProtocolChoice("auto")
    choice.refused(is_version=True)
    assert choice.version == "3.1.1"
    choice.ended()
    assert choice.version == "3.1.1"  # it has said so


def test_a_fall_back_ends_with_its_connection() -> None:
    choice = ProtocolChoice("auto")
    choice.silent()
    choice.silent()
    assert choice.version == "3.1.1"
    choice.ended()
    assert choice.version == "5"
    choice.silent()  # it really speaks no 5: one attempt is enough now
    assert choice.version == "3.1.1"


def test_a_broker_that_spoke_5_is_not_doubted_for_a_restart() -> None:
    choice = ProtocolChoice("auto")
    choice.ended()
    for _ in range(5):
        choice.silent()
        assert choice.version == "5"
    choice.silent()
    assert choice.version == "3.1.1"  # another broker may stand there now


def test_a_refusal_for_another_reason_is_no_word_on_the_version() -> None:
    choice = ProtocolChoice("auto")
    for _ in range(10):
        choice.refused(is_version=False)
    assert choice.version == "5"


STEPS = st.sampled_from(("ended", "refused", "unsupported", "silent"))


def _take(choice: ProtocolChoice, step: str) -> None:
    if step in {"refused", "unsupported"}:
        choice.refused(is_version=step == "unsupported")
    else:
        getattr(choice, step)()


@given(st.sampled_from(("5", "3.1.1")), st.lists(STEPS))
def test_what_the_settings_name_is_kept(wanted: str, steps: list[str]) -> None:
    choice = ProtocolChoice(wanted)  # type: ignore[arg-type]
    for step in steps:
        _take(choice, step)
        assert choice.version == wanted


@given(st.lists(STEPS), st.sampled_from(("5", "3.1.1")))
def test_whatever_came_before_the_broker_that_stands_there_is_met(
    steps: list[str], spoken: str
) -> None:
    choice = ProtocolChoice("auto")
    for step in steps:
        _take(choice, step)
    for _ in range(8):
        if choice.version == spoken:
            break
        choice.silent()
    assert choice.version == spoken
