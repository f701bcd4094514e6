"""Days of a tape are numbers: what comes of them is only which readings were on the same day, and which on a later one."""

import pytest

from greenroom.regression.tape.days import day_of, days_by_number, numbered

MOST = 36_500


def test_days_are_counted_among_themselves_whatever_a_log_calls_them() -> None:
    assert days_by_number(["2026-11-23", "2026-11-20", "2026-11-20"]) == {"2026-11-20": 1, "2026-11-23": 2}
    assert days_by_number(["no day", "9999-12-31", ""]) == {"": 1, "9999-12-31": 2, "no day": 3}
    assert days_by_number([]) == {}


@pytest.mark.parametrize("number", [0, -1, MOST + 1])
def test_no_tape_spans_such_a_day(number: int) -> None:
    with pytest.raises(ValueError, match=str(number)):
        day_of(number)


def test_a_tape_that_only_says_later_ends_at_the_last_day_there_is() -> None:
    found = [number for _, number in numbered([{"day": {}, "later": True}] * (MOST + 9), 1)]
    assert found[:2] == [2, 3] and found[-1] == MOST
    assert day_of(found[-1]) > day_of(found[0])
