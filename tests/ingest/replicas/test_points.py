"""The points of the schema: which measurement, tags, fields and times they have."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from contract.quantities.table import MISSING, encode
from contract.wire.messages import Birth, Health, Hub
from contract.wire.parts import SOUND_LINE
from contract.wire.payload import Layout
from ingest.replicas.points import (
    Whose,
    alert_line,
    epoch_lines,
    gap_line,
    health_lines,
    room_lines,
    seat_lines,
    values_of,
)
from ingest.stores.records import (
    AlertRecord,
    EpochRecord,
    GapRecord,
    Periods,
    Stream,
    ZoneEpoch,
)
from ingest.stores.rules.dating import UNDATED

WHOSE = Whose(site="north", room="room-1", node="pi-1", lesson="maths 1")
STREAM = Stream(
    id=1, site="north", room="room-1", node="pi-1", run=5, run_boot_ns=0, period_ns=10**9, boot="b"
)
UTC = np.array([1_000, 2_000], dtype=np.int64)


def periods(seats: tuple[int, ...] = (3, 4)) -> Periods:
    layout = Layout(seats=seats)
    seat = encode(np.arange(2 * len(seats) * 13).reshape(2, len(seats), 13) / 4, "seat")
    room = encode([[54.3, 60.0, 55.1, 40.2, 1.0], [50.0, 51.0, 52.0, 53.0, 0.0]], "room")
    return Periods(
        stream=STREAM, layout=layout, seqs=np.array([0, 1]), values=layout.rows(seat, room),
        is_live=np.ones(2, np.bool_),
    )  # fmt: skip


def zone(name: str, **scores: float) -> ZoneEpoch:
    known = dict.fromkeys(
        ("movement_db", "movement_low_db", "movement_high_db", "off_task", "off_task_low",
         "off_task_high"), math.nan,
    )  # fmt: skip
    return ZoneEpoch(zone=name, seats=6, **(known | scores))


def test_the_room_each_second() -> None:
    assert room_lines(WHOSE, periods(), UTC) == [
        (
            r"room,lesson=maths\ 1,node=pi-1,room=room-1,site=north "
            "laeq_1s=54.3,lafmax=60,la10=55.1,la90=40.2,sound_onsets=1,seats_sensed=2i 1000"
        ),
        (
            r"room,lesson=maths\ 1,node=pi-1,room=room-1,site=north "
            "laeq_1s=50,lafmax=51,la10=52,la90=53,sound_onsets=0,seats_sensed=2i 2000"
        ),
    ]


def test_each_seat_has_its_own_values() -> None:
    found = seat_lines(WHOSE, periods(), UTC)
    assert [each.split(" ")[0:1] + each.split(" ")[-1:] for each in found] == [
        ["seat,lesson=maths\\", "1000"], ["seat,lesson=maths\\", "2000"],
        ["seat,lesson=maths\\", "1000"], ["seat,lesson=maths\\", "2000"],
    ]  # fmt: skip
    assert ",seat=3,site=north motion_rms=0,rms_major=0.25,rms_middle=0.5," in found[0]
    assert ",seat=4,site=north motion_rms=3.25,rms_major=3.5," in found[2]
    assert found[0].endswith("stillness=2.5,wiggle_count=3,tilt_change=3 1000")


def test_a_missing_value_is_left_out_and_a_kept_second_stays_one() -> None:
    some = periods()
    some.values[0, :] = MISSING
    some.values[1, -4] = MISSING
    some.values[1, 0:26:2] = MISSING  # all of the first seat
    begin = r"room,lesson=maths\ 1,node=pi-1,room=room-1,site=north"
    assert room_lines(WHOSE, some, UTC) == [
        f"{begin} seats_sensed=0i 1000",
        f"{begin} laeq_1s=50,la10=52,la90=53,sound_onsets=0,seats_sensed=1i 2000",
    ]
    assert len(seat_lines(WHOSE, some, UTC)) == 1


def test_what_has_no_date_is_left_out() -> None:
    found = room_lines(WHOSE, periods(), np.array([UNDATED, 7], dtype=np.int64))
    assert [each.rsplit(" ", 1)[1] for each in found] == ["7"]
    nothing = np.full(2, UNDATED, dtype=np.int64)
    assert room_lines(WHOSE, periods(), nothing) == seat_lines(WHOSE, periods(), nothing) == []


def test_quantities_of_other_versions_are_left_out() -> None:
    layout = Layout(seats=(), seat_codes=(), room_codes=(99, 1))
    some = Periods(
        stream=STREAM, layout=layout, seqs=np.array([0]), is_live=np.ones(1, np.bool_),
        values=np.array([[7, 543]], dtype=np.uint16),
    )  # fmt: skip
    assert [each.split(" ")[-2] for each in room_lines(WHOSE, some, UTC[:1])] == [
        "laeq_1s=54.3,seats_sensed=0i"
    ]


def test_scores_of_the_room_and_of_a_zone() -> None:
    epoch = EpochRecord(
        lesson="maths 1", stream_id=1, first_seq=0, utc_ns=5_000, model="2.0",
        zones=(zone("room", off_task=0.25, off_task_low=1 / 3), zone("back, left", fidgets=2.0)),
    )  # fmt: skip
    tags = r"lesson=maths\ 1,model=2.0,node=pi-1,room=room-1,site=north"
    assert epoch_lines(WHOSE, [epoch]) == [
        f"room,{tags} off_task=0.25,off_task_low=0.3333333,seats=6i 5000",
        rf"zone,{tags},zone=back\,\ left fidgets=2,seats=6i 5000",
    ]


def test_a_zone_that_is_called_as_the_room_is_a_zone() -> None:
    epoch = EpochRecord(
        lesson="x",
        stream_id=1,
        first_seq=0,
        utc_ns=5,
        model="2",
        zones=(zone("room"), zone("room")),
    )
    assert [each.split(",")[0] for each in epoch_lines(WHOSE, [epoch])] == ["room", "zone"]


def test_health_of_a_kit_and_its_hubs() -> None:
    health = Health(
        node="pi-1", run=5, sampled=10, published=9, acked=8, waiting=1, gap=0, unsampled=2,
        is_sampling=True, is_finished=False, outbox_bytes=4096, ack_age_ms=None,
        hubs={"left": {"frames": 7, "crc": 1}, "empty": {}},
    )  # fmt: skip
    whose = Whose(site="north", room="room-1", node="pi-1")
    assert health_lines(whose, health, is_up=True, utc_ns=9) == [
        (
            "health,node=pi-1,room=room-1,site=north sampled=10i,published=9i,acked=8i,waiting=1i,"
            "gap=0i,unsampled=2i,outbox_bytes=4096i,twins=0i,is_sampling=1i,is_finished=0i,is_up=1i 9"
        ),
        "health,hub=left,node=pi-1,room=room-1,site=north crc=1i,frames=7i 9",
    ]


@pytest.mark.parametrize(("text", "values"), (("m f=1 0", 1), ("m,a=b,c=d e=1,f=2i,g=3 0", 3)))
def test_values_are_counted(text: str, values: int) -> None:
    assert values_of([text, text]) == 2 * values


def test_values_of_a_tag_with_a_space_are_counted() -> None:
    assert values_of(room_lines(WHOSE, periods(), UTC)) == 12


def test_a_gap_names_its_hub_and_seats() -> None:
    birth = Birth(
        node="pi-1", run=5, boot="b", software="1", period_ns=10**9, run_boot_ns=0,
        hubs=(
            Hub(hub="left", firmware="1", seats=(1, 2), sample_rate_hz=50, has_sound=False),
            Hub(hub="right", firmware="1", seats=(3, 4), sample_rate_hz=50, has_sound=True),
        ),
        seat_codes=(), room_codes=(), units={}, synchronised=True,
    )  # fmt: skip
    whole = GapRecord(stream_id=1, first_seq=0, last_seq=2, seats=(1, 2, 3, 4), reason="off")
    tags = r"node=pi-1,%sroom=room-1%s,site=north length_s=3 7"
    begin = r"gap,%slesson=maths\ 1,"
    for gap, hub, reason, seats in (
        (whole, "", "reason=off,", ""),
        (replace(whole, line=2), "hub=right,", "reason=off,", r",seats=3\ 4"),
        (replace(whole, line=SOUND_LINE), "hub=sound,", "reason=off,", ""),
    ):
        found = gap_line(WHOSE, gap, birth, utc_ns=7, length_s=3)
        assert found == begin % hub + tags % (reason, seats)


def test_an_alert_has_no_end_while_it_is_open() -> None:
    alert = AlertRecord(
        id="maths.1.room.5", lesson="maths 1", room="room-1", zone="room", raised_utc_ns=10**9,
        cleared_utc_ns=None, because=("restless", "loud"), off_task=0.5, model="2",
    )  # fmt: skip
    tags = r"alert,alert=maths.1.room.5,because=restless;\ loud,lesson=maths\ 1,model=2"
    tags += ",room=room-1,site=north,zone=room"
    assert alert_line(WHOSE, alert) == f"{tags} off_task=0.5 1000000000"
    over = alert_line(WHOSE, alert.cleared(3 * 10**9))
    assert over == f"{tags} off_task=0.5,cleared_after_s=2 1000000000"
