"""The seven panes by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.engine.contract import Contract
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.panes import memory, retrieval, tools, waterfall
from greenroom.tui.panes.policy import Verdicts, changed
from greenroom.tui.panes.prompt import Prompt
from greenroom.tui.panes.side import PaneName
from greenroom.tui.panes.trace import Trace
from greenroom.tui.panes.usage import Used

if TYPE_CHECKING:
    from greenroom.regression.flips import Flip


class Panes:
    """Makes the entries of any pane for any turn of one session. `falling` shows the waterfall of a turn in the place
    of its events, drawn over `width` cells.
    """

    def __init__(self, trace: Trace | None = None, used: Used | None = None, prompt: Prompt | None = None) -> None:
        self.trace = trace or Trace()
        self.prompt = prompt or Prompt()
        self.falling = False
        self.width = 80
        self._used = used or Used()
        self._verdicts = Verdicts()

    def back(self) -> Panes:
        """The panes of an earlier moment: what was worked out of the log as it is now does not hold there."""
        past = Panes(self.trace, self._used, self.prompt)
        past.falling, past.width = self.falling, self.width
        return past

    def entries(
        self, name: PaneName, folds: Folds, turn: int, contract: Contract | None, flips: Sequence[Flip] = ()
    ) -> list[Entry]:
        """What pane `name` shows of turn `turn`."""
        match name:
            case "Memory":
                return memory.entries(folds, turn)
            case "Retrieval":
                return retrieval.entries(folds, turn, contract)
            case "Policy":
                return [*changed(flips), *self._verdicts.entries(folds, turn, contract)]
            case "Tools":
                return tools.entries(folds, turn)
            case "Prompt":
                return self.prompt.entries(folds, turn, contract)
            case "Trace":
                return waterfall.entries(folds, turn, self.width) if self.falling else self.trace.entries(folds)
            case "Usage":
                return self._used.entries(folds, turn)
