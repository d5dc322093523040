"""Settings that the server pushes: followed, refused with a sentence, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.wire.messages import Config
from edge_agent.agent import EdgeAgent
from edge_agent.config_file import load_config
from edge_agent.settings import EdgeSettings


def quiet_agent(folder: Path, **changes: object) -> EdgeAgent:
    """An agent that is not started."""
    fields: dict[str, object] = {
        "site": "school", "room": "r1", "node": "pi-1",
        "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [1]}],
        "outbox": {"dir": str(folder / "outbox")},
    }  # fmt: skip
    return EdgeAgent(
        settings=EdgeSettings.checked(fields | changes, where="test"), clock=ManualClock()
    )


def test_what_is_pushed_is_followed_reported_and_taken_back(tmp_path: Path) -> None:
    agent = quiet_agent(tmp_path, switch={"led_pin": 27})
    agent.handle_config(
        Config(revision=1, lessons=(), settings={"spill_s": 30.0, "led_brightness": 0.1})
    )
    reported = agent.config_reported()
    assert reported.settings == {"spill_s": 30.0, "led_brightness": 0.1}
    assert reported.troubles == ()
    assert agent.delivery._spill_s == 30.0
    assert agent._switch._brightness == 0.1
    # They are kept, so that a reboot without a network changes nothing.
    kept = load_config(tmp_path / "outbox" / "config.cbor")
    assert kept is not None
    assert kept.settings["spill_s"] == 30.0
    agent.handle_config(Config(revision=2, lessons=()))
    assert agent.config_reported().settings == {}
    assert (agent.delivery._spill_s, agent._switch._brightness) == (10.0, 0.5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    (
        ({"spill_s": 9000.0}, "spill_s = 9000 can't be followed: it goes from 1 to 600"),
        ({"spill_s": float("nan")}, "spill_s = nan can't be followed: it goes from 1 to 600"),
         ({"led_brightness": 0.1},
         "led_brightness = 0.1 can't be followed: this kit has no light ([switch] led_pin)"),
        ({"mood": 1.0},
         "mood = 1 can't be followed: this version can be pushed spill_s, led_brightness alone"),
    ),
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(
    tmp_path: Path, given: dict[str, float], sentence: str
) -> None:
    agent = quiet_agent(tmp_path)
    agent.handle_config(Config(revision=1, lessons=(), settings=given))
    reported = agent.config_reported()
    assert reported.troubles == (sentence,)
    assert (reported.revision, reported.settings) == (1, {})
    assert agent.delivery._spill_s == 10.0
