from __future__ import annotations

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigurationError, UsageError
from simulators import BEHAVIOURS
from simulators.example import example_toml
from simulators.scenario import SCENARIO_FOLDER, Scenario, load_scenario, scenario_names

SOURCES = r"\([^)]*(Godwin|Kofler|Shield|coded|measured|data\ssheet|design|observed|assumed)[^)]*\)"


def test_every_shipped_scenario_loads():
    assert {"demo", "lively_class", "calm_test", "fire_drill"} <= set(scenario_names())
    for name in scenario_names():
        scenario = load_scenario(name)
        assert scenario.minutes > 0
        assert sum(len(zone.seats) for zone in scenario.zones) == len(scenario.seats)


def test_the_example_file_is_the_one_written_from_the_settings():
    assert (SCENARIO_FOLDER / "example.toml").read_text(encoding="utf-8") == example_toml()


def test_every_commented_value_of_the_example_is_the_default():
    uncommented = re.sub(r"(?m)^#(?! )|^#(?=    )", "", example_toml())
    given_values = tomllib.loads(uncommented)
    assert set(given_values) == set(Scenario.model_fields)
    assert Scenario.checked(given_values, where="example") == Scenario()
    for name, table in given_values.items():
        if isinstance(table, dict):
            assert set(table) == set(type(getattr(Scenario(), name)).model_fields)
    assert load_scenario("example") == Scenario()


def test_every_setting_is_explained_and_every_fact_has_a_source():
    for name, field in Scenario.model_fields.items():
        table = getattr(Scenario(), name)
        if not hasattr(type(table), "model_fields"):
            assert field.description
            continue
        for key, setting in type(table).model_fields.items():
            assert setting.description, key
            if name != "room":
                assert re.search(SOURCES, setting.description), f"{name}.{key}"


@pytest.mark.parametrize(
    ("text", "key", "value"),
    (
        ("colour = 1", "colour", "there is no key"),
        ("[off_task]\ntset = 0.1", "off_task.tset", "there is no key"),
        ("[off_task]\ntest = 1.5", "off_task.test", "1.5"),
        ("[off_task]\npeers = 0.9", "off_task", "add up to 1"),
        ("[movement]\nwiggle_mg = [150, 30]", "movement.wiggle_mg", "lower to its higher"),
        ("[room]\nhubs = [9]", "room.hubs.0", "9"),
        ("[room]\nzones = [[1, 2], [2, 3]]", "room", "share no seat"),
        ("[room]\nzones = [[31]]", "room", "1 to 30"),
        ("[room]\nempty_seats = 31", "room", "no more than 30"),
        ('activities = [{ name = "maths", minutes = 5 }]', "activities.0.name", "maths"),
        ('behaviour = "chaos"', "behaviour", "chaos"),
        ("fire_drills = [{ at_minute = 44 }]", "the file", "end within"),
        ("name =", "settings file", "TOML"),
    ),
)
def test_what_does_not_fit_is_named(tmp_path, text, key, value):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert str(path) in message
    assert key in message
    assert value in message


def test_an_unknown_scenario_names_the_known_ones():
    with pytest.raises(ConfigurationError, match="lively_class"):
        load_scenario("livly")


def test_seats_are_numbered_through_the_hubs():
    scenario = Scenario()
    assert scenario.seats == tuple(range(1, 31))
    assert [len(hub) for hub in scenario.hub_seats] == [8, 8, 7, 7]
    assert [zone.seats for zone in scenario.zones] == list(scenario.hub_seats)


@given(st.floats(0.1, 300.0))
def test_a_lesson_can_have_any_length(minutes):
    scenario = load_scenario("fire_drill").lasting(minutes)
    assert scenario.minutes == pytest.approx(minutes)
    assert scenario.declared_activities[-1].end_s == pytest.approx(60.0 * minutes)
    drill = scenario.fire_drills[0]
    assert drill.at_minute / minutes == pytest.approx(20.0 / 45.0)


def test_a_lesson_of_no_length_is_refused():
    with pytest.raises(UsageError, match="-1 minutes"):
        Scenario().lasting(-1.0)


def test_the_registry_of_behaviours_is_what_a_scenario_may_name():
    literal = Scenario.model_fields["behaviour"].annotation
    assert set(literal.__args__) == set(BEHAVIOURS)
