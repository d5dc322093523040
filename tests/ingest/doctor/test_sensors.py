"""A kit's faulty sensors, as the server says them."""

from __future__ import annotations

import pytest

from contract.wire.messages import SensorFault
from ingest.doctor.sensors import sensor_findings


def fault(kind: str, seat: int | None = 3) -> SensorFault:
    return SensorFault(hub="table-1", seat=seat, kind=kind, said="Check its plug.")


@pytest.mark.parametrize(
    ("one", "expected"),
    (
        (fault("absent"), "has no answer from the sensor of seat 3 (table-1)"),
        (fault("stuck"), "has one and the same value from the sensor of seat 3 (table-1); it is"),
        (fault("range"), "has impossible values from the sensor of seat 3 (table-1)"),
        (fault("absent", None), "can't read table-1"),
        (fault("rate", None), "gets too few samples a second from table-1"),
        (fault("settings", None), "has other seats on table-1 than its settings name"),
        (fault("of a later version"), "has trouble with the sensors of table-1"),
    ),
)
def test_each_kind_is_a_sentence_with_the_kits_own_advice(one: SensorFault, expected: str) -> None:
    ((state, said, advice),) = sensor_findings((one,))
    assert state == "wrong"
    assert said.startswith(expected)
    assert advice == "the kit says: Check its plug."


def test_a_kit_without_any_sensor_is_no_long_list() -> None:
    found = list(sensor_findings(tuple(fault("absent", seat) for seat in range(1, 31))))
    assert len(found) == 6
    assert found[-1][1] == "has 25 more faults of sensors"
    assert list(sensor_findings(())) == []
