"""Values become 16 bits and come back within half a step; missing stays missing."""

from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contract.quantities.table import (
    MISSING,
    ROOM_QUANTITIES,
    SEAT_QUANTITIES,
    decode,
    encode,
)

TABLES = {"seat": SEAT_QUANTITIES, "room": ROOM_QUANTITIES}
scopes = st.sampled_from(["seat", "room"])


@given(st.data(), scopes)
def test_a_value_comes_back_within_half_a_step(
    data: st.DataObject, scope: Literal["seat", "room"]
) -> None:
    table = TABLES[scope]
    values = np.array([data.draw(st.floats(q.offset, min(q.highest, 1e4))) for q in table])
    again = decode(encode(values, scope), scope)
    steps = np.array([q.scale for q in table])
    assert (np.abs(again - values) <= steps / 2 + 1e-3).all()


@given(st.data(), scopes)
def test_kept_values_survive_a_second_round(
    data: st.DataObject, scope: Literal["seat", "room"]
) -> None:
    kept = data.draw(arrays(np.uint16, (3, len(TABLES[scope]))))
    values = decode(kept, scope)
    assert (np.isnan(values) == (kept == MISSING)).all()
    # float32 holds every code of the ranges that occur; the very top of `tilt_change` rounds.
    low = kept < 60_000
    assert (encode(values, scope)[low] == kept[low]).all()


def test_what_lies_outside_is_clipped_and_nan_is_missing() -> None:
    values = np.full(len(ROOM_QUANTITIES), np.inf)
    assert (encode(values, "room") == MISSING - 1).all()
    assert (encode(-values, "room") == 0).all()
    assert (encode(values * np.nan, "room") == MISSING).all()


def test_codes_and_names_are_unique() -> None:
    for table in TABLES.values():
        assert len({q.code for q in table}) == len(table)
        assert all(q.code > 0 for q in table)
    names = [q.name for table in TABLES.values() for q in table]
    assert len(set(names)) == len(names)


@given(st.data(), st.sampled_from(("seat", "room")))
def test_quantities_of_another_kit_are_laid_on_the_table_by_their_codes(
    data: st.DataObject, scope: Literal["seat", "room"]
) -> None:
    table = TABLES[scope]
    known = st.sampled_from([q.code for q in table])
    codes = tuple(data.draw(st.lists(known | st.integers(200, 210), unique=True)))
    kept = data.draw(arrays(np.uint16, (2, 3, len(codes))))
    values = decode(kept, scope, codes=codes)
    assert values.shape == (2, 3, len(table))
    whole = np.full((2, 3, len(table)), MISSING, np.uint16)
    for at, q in enumerate(table):
        if q.code in codes:
            whole[:, :, at] = kept[:, :, codes.index(q.code)]
    assert np.array_equal(values, decode(whole, scope), equal_nan=True)


def test_the_tables_own_codes_change_nothing() -> None:
    for scope, table in TABLES.items():
        kept = np.arange(len(table) * 2, dtype=np.uint16).reshape(2, -1)
        codes = tuple(q.code for q in table)
        assert np.array_equal(decode(kept, scope, codes=codes), decode(kept, scope))
        assert decode(np.zeros((4, 0), np.uint16), scope, codes=()).shape == (4, len(table))
