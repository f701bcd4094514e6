"""What a case expects, judged: one engine under the TOML of a case and under `expect(...)` in a Python test.

    from greenroom.regression import expect

    expect(session).turn(2).called("orders.refund", order_id=1001, amount=expect.approx(90))

Invariant: importing this loads nothing heavy; an expectation that needs more loads it when it is judged.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from greenroom.regression.expect.against_tape import trajectory_problems
from greenroom.regression.expect.beside import Beside
from greenroom.regression.expect.judging import failures
from greenroom.regression.expect.values import fits

if TYPE_CHECKING:
    from greenroom.regression.expect.fluent import Expect

__tracebackhide__ = True
__all__ = ["Beside", "failures", "fits", "trajectory_problems"]


class _Callable(ModuleType):
    """This module as `greenroom.regression.expect`: called with a run, it is `fluent.EXPECT`, whose words it has."""

    def __call__(self, *args: Any, **options: Any) -> Expect:
        from greenroom.regression.expect.fluent import EXPECT

        return EXPECT(*args, **options)

    def __getattr__(self, name: str) -> Any:
        from greenroom.regression.expect.fluent import EXPECT

        if name.startswith("_"):
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        return getattr(EXPECT, name)


sys.modules[__name__].__class__ = _Callable
