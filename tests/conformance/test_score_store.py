"""What every score store does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.stores import SCORE_STORES, open_score_store
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import AlertRecord, EpochRecord, ZoneEpoch

SECOND = 1_000_000_000


@pytest.fixture(params=sorted(SCORE_STORES))
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ScoreStore, ScoreStore]]:
    """The scorer's store and a page's."""
    if request.param == "memory":
        memory = MemoryScoreStore()
        yield memory, memory
        return
    scorer, page = open_score_store(tmp_path), open_score_store(tmp_path)
    yield scorer, page
    page.close()
    scorer.close()


def zone(name: str, off_task: float = 0.25) -> ZoneEpoch:
    return ZoneEpoch(
        zone=name,
        seats=7,
        movement_db=1.1,
        movement_low_db=-0.3,
        movement_high_db=2.7,
        off_task=off_task,
        off_task_low=0.1,
        off_task_high=0.7,
        moving_seats=0.4,
        fidgets=-1.5,
        noise_db=3.25,
    )


def epoch(number: int, *, lesson: str = "maths", model: str = "m1") -> EpochRecord:
    return EpochRecord(
        lesson=lesson,
        stream_id=3,
        first_seq=5 * number,
        utc_ns=5 * number * SECOND,
        model=model,
        zones=(zone("room", 0.1 * number), zone("hub-a")),
    )


ALERT = AlertRecord(
    id="a1",
    lesson="maths",
    room="room-a",
    zone="hub-a",
    raised_utc_ns=10 * SECOND,
    cleared_utc_ns=None,
    because=("more movement than usual", "louder than usual"),
    off_task=0.8,
    model="m1",
)


def test_epochs_come_back_in_order_with_the_cursor(pair: tuple[ScoreStore, ScoreStore]) -> None:
    scorer, page = pair
    assert (page.cursor(), page.epochs("maths"), page.alerts("maths")) == (0, [], [])
    scorer.commit(cursor=12, epochs=[epoch(3), epoch(1), epoch(2), epoch(1, lesson="art")])
    assert page.cursor() == 12
    assert page.epochs("maths") == [epoch(1), epoch(2), epoch(3)]
    assert page.epochs("maths", after_utc_ns=epoch(2).utc_ns) == [epoch(3)]
    assert page.epochs("art") == [epoch(1, lesson="art")]


def test_an_epoch_scored_again_takes_the_place_of_the_first(
    pair: tuple[ScoreStore, ScoreStore],
) -> None:
    scorer, page = pair
    scorer.commit(cursor=1, epochs=[epoch(1), epoch(2)])
    again = replace(epoch(1, model="m2"), utc_ns=epoch(1).utc_ns + 40, zones=(zone("room"),))
    scorer.commit(cursor=2, epochs=[again])
    assert page.epochs("maths") == [again, epoch(2)]


NOTHING = ZoneEpoch(
    zone="room", seats=0, movement_db=math.nan, movement_low_db=math.nan,
    movement_high_db=math.nan, off_task=math.nan, off_task_low=math.nan, off_task_high=math.nan,
)  # fmt: skip


@pytest.mark.parametrize(
    "poorer",
    (
        (NOTHING,),
        (replace(NOTHING, noise_db=2.0),),
        (zone("room", math.nan), zone("hub-a")),
        (replace(zone("room"), movement_db=math.nan), zone("hub-a")),
        (replace(zone("room"), noise_db=math.nan), zone("hub-a")),
        (zone("room"), replace(zone("hub-a"), off_task=math.nan)),
        (),
    ),
)
def test_a_rescore_never_makes_a_score_worse(
    pair: tuple[ScoreStore, ScoreStore], poorer: tuple[ZoneEpoch, ...]
) -> None:
    scorer, page = pair
    scorer.commit(cursor=1, epochs=[epoch(1), epoch(2)])
    later = epoch(1).utc_ns + 40
    again = [replace(epoch(1, model="m2"), utc_ns=later, zones=poorer), epoch(2, model="m2")]
    scorer.commit(cursor=2, epochs=again)
    # Dates become known later, so an epoch that stays still gets its time.
    assert page.epochs("maths") == [replace(epoch(1), utc_ns=later), epoch(2, model="m2")]
    assert page.cursor() == 2


def test_a_rescore_may_know_more_and_have_other_zones(
    pair: tuple[ScoreStore, ScoreStore],
) -> None:
    scorer, page = pair
    first = replace(epoch(1), zones=(NOTHING, replace(NOTHING, zone="hub-a")))
    scorer.commit(cursor=1, epochs=[first])
    more = replace(epoch(1), zones=(replace(NOTHING, noise_db=2.0),))
    for better in (more, replace(epoch(1), zones=(zone("room"), zone("window")))):
        scorer.commit(cursor=2, epochs=[better])
        assert repr(page.epochs("maths")) == repr([better])


def test_after_a_purge_the_rescore_wins(pair: tuple[ScoreStore, ScoreStore]) -> None:
    scorer, page = pair
    scorer.commit(cursor=1, epochs=[epoch(1), epoch(1, lesson="art")])
    for _ in scorer.purge([], from_utc_ns=0, to_utc_ns=1, again=["maths"]):
        pass
    poorer = [replace(epoch(1, lesson=name), zones=(NOTHING,)) for name in ("maths", "art")]
    scorer.commit(cursor=2, epochs=poorer)
    assert len(page.epochs("maths")[0].zones) == 1
    assert page.epochs("art") == [epoch(1, lesson="art")]


def test_an_abstaining_model_stays_nan(pair: tuple[ScoreStore, ScoreStore]) -> None:
    scorer, page = pair
    scorer.commit(cursor=1, epochs=[replace(epoch(1), zones=(zone("room", math.nan),))])
    (found,) = page.epochs("maths")
    assert math.isnan(found.zones[0].off_task)
    assert found.zones[0].off_task_low == 0.1


def test_an_alert_is_raised_and_later_cleared(pair: tuple[ScoreStore, ScoreStore]) -> None:
    scorer, page = pair
    earlier = replace(ALERT, id="a2", raised_utc_ns=5 * SECOND)
    scorer.commit(cursor=1, alerts=[ALERT, earlier])
    assert page.alerts("maths") == [earlier, ALERT]
    cleared = replace(ALERT, cleared_utc_ns=30 * SECOND)
    scorer.commit(cursor=2, alerts=[cleared])
    assert page.alerts("maths") == [earlier, cleared]
    assert page.alerts("art") == []


def test_open_alerts_are_those_of_all_lessons_that_are_not_cleared(
    pair: tuple[ScoreStore, ScoreStore],
) -> None:
    scorer, page = pair
    assert page.open_alerts() == []
    earlier = replace(ALERT, id="a2", lesson="art", raised_utc_ns=5 * SECOND)
    over = replace(ALERT, id="a3").cleared(40 * SECOND)
    scorer.commit(cursor=1, alerts=[ALERT, earlier, over])
    assert page.open_alerts() == [earlier, ALERT]
    scorer.commit(cursor=2, alerts=[earlier.cleared(20 * SECOND)])
    assert page.open_alerts() == [ALERT]


def test_an_alert_is_not_over_before_it_was_raised() -> None:
    assert ALERT.cleared(30 * SECOND).cleared_utc_ns == 30 * SECOND
    assert ALERT.cleared(1 * SECOND).cleared_utc_ns == ALERT.raised_utc_ns


def test_version_moves_with_a_commit(pair: tuple[ScoreStore, ScoreStore]) -> None:
    scorer, page = pair
    before = page.version()
    assert page.version() == before
    scorer.commit(cursor=5)
    assert page.version() != before


def test_what_was_written_lately_stays_whatever_time_it_is_of(
    pair: tuple[ScoreStore, ScoreStore],
) -> None:
    """A lesson of an earlier year that was played again, or one that was dated wrongly."""
    scorer, page = pair
    later_ns = 1_000 * SECOND
    scorer.commit(cursor=1, epochs=[epoch(1)], alerts=[ALERT])
    scorer.commit(
        cursor=2, epochs=[epoch(1, lesson="art")], alerts=[replace(ALERT, id="a2", lesson="art")],
        written_utc_ns=later_ns,
    )  # fmt: skip
    assert scorer.retire(before_utc_ns=later_ns, max_epochs=10) == 2
    assert page.epochs("maths") == []
    assert page.alerts("maths") == []
    assert page.epochs("art") == [epoch(1, lesson="art")]
    assert len(page.alerts("art")) == 1
    assert scorer.retire(before_utc_ns=later_ns + 1, max_epochs=10) == 2
    assert page.epochs("art") == []
    assert page.alerts("art") == []
