"""Sessions as tests: the tape (machine-owned), the case (human-owned), recording, matching, replay and its outcomes.

`from greenroom.regression import expect` is the package of that name, which can be called: `expect(session).turn(2)...`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.regression.expect.fluent import EXPECT as expect  # noqa: N811  # what the callable package is

    __all__ = ["expect"]
