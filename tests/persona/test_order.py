"""Versions in the order of semver.org, section 11."""

import random

from greenroom.persona.order import order_of

IN_ORDER = [
    "0.9.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.2.1",
    "1.2.10",
    "1.10.0",
    "2.0.0",
]


def test_the_standard_s_own_row_and_numbers_that_sort_otherwise_as_text() -> None:
    mixed = list(IN_ORDER)
    random.Random(5).shuffle(mixed)
    assert sorted(mixed, key=order_of) == IN_ORDER


def test_what_a_version_is_built_with_does_not_count() -> None:
    assert order_of("1.2.3+build.7") == order_of("1.2.3")
