"""What a tape knows of values that are not on it: what clauses came to, and what was found in them.

Invariant: it answers for the very thing that was asked when it was recorded, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.core.values import Json
from greenroom.policy.port import Question
from greenroom.regression.replay.placeholders.veil import Veil
from greenroom.regression.tape.replaced import masks_in, replaced_of
from greenroom.regression.tape.tape import Line, Tape

CAME: Mapping[bool | None, str] = {True: "so", False: "not so", None: "failed"}
"""What a clause came to, in words."""
FoundThen = tuple[frozenset[str], dict[str, str]]
"""The kinds that were found in a question, and the workspace's detectors that looked, by what they are."""
UNEVALUATED = "it could not be evaluated when this was recorded"


class Known:
    """All `held` lines of a tape that have clauses. `placeholders` are those that stand for a value."""

    def __init__(self, tape: Tape) -> None:
        self.placeholders = replaced_of(tape.header)
        self.digests: Mapping[str, str] = tape.digests
        self._outcomes: dict[str, bool | str] = {}
        self._why: dict[str, str] = {}
        self._found: dict[str, FoundThen] = {}

    def take(self, line: Line, tool: str, arguments: Json) -> None:
        """Take in what is held about one decision.

        Raises:
            ValueError, TypeError: it is not of the form such a line has.
        """
        self.take_clauses(line)
        kinds, own = line.get("found", ()), line.get("own", {})
        if not (isinstance(own, dict) and all(isinstance(one, str) for one in (*kinds, *own.values()))):
            raise TypeError("found")
        if "found" in line:
            about = Veil(self.placeholders, {}).kinds(question_of(tool, arguments))
            self._found[about] = frozenset(kinds), own

    def take_clauses(self, line: Line) -> None:
        """Take in what clauses came to, whatever they were asked about.

        Raises:
            ValueError, TypeError: it is not of the form such a line has.
        """
        for key, outcome, *texts in line["clauses"]:
            texts_only = 1 <= len(texts) <= 2 and all(isinstance(one, str) for one in (key, *texts))
            if not (texts_only and (outcome is None or isinstance(outcome, bool))):
                raise TypeError("clauses")
            if len(texts) == 2:
                self._why[key] = texts[1]
            self._outcomes[key] = UNEVALUATED if outcome is None else outcome

    def mask_all(self, arguments: Json) -> None:
        """Take every placeholder in these arguments for one that stands for a value: nothing says which ones do."""
        self.placeholders |= masks_in(arguments)

    def outcome(self, key: str) -> bool | str | None:
        """What a clause or a bound came to, or why it came to nothing; None if that is not known."""
        return self._outcomes.get(key)

    def why(self, key: str) -> str:
        """What was said of a bound that was broken, or ''."""
        return self._why.get(key, "")

    def found(self, key: str) -> FoundThen | None:
        """What was found in a question; None if nobody knows."""
        return self._found.get(key)


def question_of(tool: str, arguments: Json) -> Question:
    """As much of a question about a call as says what was looked at."""
    return Question(hook="tool.call", subject=tool, payload={"args": arguments})
