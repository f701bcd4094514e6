"""Sessions set beside one another: `session diff`, from where they part, or one turn of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import UsageError

if TYPE_CHECKING:
    from greenroom.views.comparison.comparison import Comparison

MOST_SIDES = 26


def diff(asked: Invocation) -> Answer[Comparison]:
    """What differs between two or more sessions; exit 0 where they said, did and decided the same, 1 where not.

    Raises:
        UsageError: there is no such session or turn, or only one was named.
        LogDamaged: one does not verify.
    """
    from greenroom.assembly import read_session, session_id
    from greenroom.commands.session.diff_data import data_of
    from greenroom.commands.session.diff_lines import lines_of
    from greenroom.commands.suite.lines import width
    from greenroom.views.comparison.comparison import Side, compare

    workspace = asked.workspace()
    names = [session_id(workspace, word) for word in asked.words("session")]
    if not 2 <= len(names) <= MOST_SIDES:
        raise UsageError(
            "name two sessions or more" if len(names) < 2 else f"at most {MOST_SIDES} sessions",
            hint="greenroom session list shows them",
            code="diff.sides",
        )
    sides = [Side(name, read_session(workspace, name)) for name in names]
    turn = asked.number("turn")
    compared = compare(sides, whole=asked.flag("whole"), only=turn)
    if turn is not None and not compared.turns:
        raise UsageError(f"none of these sessions has a turn {turn}", code="diff.turn")
    lines = lines_of(compared, min(width(), 100), everything=asked.flag("whole"))
    notes = [f"{counted(compared.shared, 'turn')} before are the very same records"] if compared.shared else []
    return answer(compared, lines, data_of(compared), notes=notes, exit_code=0 if compared.same else 1)
