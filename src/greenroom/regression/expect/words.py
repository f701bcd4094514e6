"""The words of an expectation in Python, each the table of the same name in a case.

Invariant: a word only builds; what is built is a case's table, so that there is one language and one engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, NoReturn, TypeVar

from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import Json

S = TypeVar("S")
__tracebackhide__ = True
"""pytest shows the line of the test that asked, not the ones in here."""


_INSTEAD = {
    "contains": "text(contains=...)",
    "not_contains": "text(absent=...)",
    "excludes": "text(absent=...)",
    "matches": "text(regex=...)",
    "not_called": "never(tool=...)",
    "never_called": "never(tool=...)",
    "called_with": "called(tool, ...)",
    "calls": "tools(...)",
    "approved": "approval(decision='allow')",
    "asked": "approval(asked=True)",
    "denied": "verdict(effect='deny')",
    "cited": "passages(cited=...)",
    "retrieved": "passages(...)",
    "remembered": "memory(write=...)",
    "says": "text(contains=...)",
    "not_says": "text(absent=...)",
    "similar": "text(similar=...)",
    "json": "text(json=...)",
    "outcome": "finished(...)",
    "cost": "limits(usd=...)",
}
"""What people write first, and the word that says it."""


def _no_word(owner: object, name: str) -> str:
    """What is said of a word that there is not: the one that says it, or the nearest."""
    if name.startswith("_"):
        return f"'{type(owner).__name__}' has no '{name}'"
    if name in _INSTEAD:
        return f"there is no '{name}' of an expectation; write .{_INSTEAD[name]}"
    words = [word for word in dir(type(owner)) if not word.startswith("_")]
    return f"there is no '{name}' of an expectation ({suggest(name, words)})"


class Words(ABC, Generic[S]):
    """The words both a run and a stand-alone expectation have. Each names what must hold."""

    @abstractmethod
    def _with(self, **part: Json) -> S:
        """Add a part, or judge it."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(_no_word(self, name))

    def called(
        self,
        tool: str,
        args: Mapping[str, Json] | None = None,
        *,
        match: str = "subset",
        status: str = "",
        **named: Json,
    ) -> S:
        """A call was made to `tool`, with these arguments, by name or in `args`; one that could not be made counts only
        with `status="invalid"`. See `case/1`, `call`.
        """
        given = {**(args or {}), **named}
        said = {"args": given, "match": "" if match == "subset" else match, "status": status}
        return self._with(call={"tool": tool} | {key: value for key, value in said.items() if value})

    def tools(self, *calls: str | Mapping[str, Json], order: str = "strict", never: Sequence[str] = ()) -> S:
        """The calls of all these turns together; `order` as in `case/1`, `tools`. Without calls only `never` counts."""
        compared: dict[str, Json] = {"order": order, "calls": list(calls)} if calls or not never else {}
        return self._with(tools=compared | ({"never": list(never)} if never else {}))

    def text(self, **wanted: Json) -> S:
        """The replies: `contains`, `regex`, `absent` of any that was shown; `json`, `similar` of the final answer."""
        return self._with(text=wanted)

    def approval(self, **wanted: Json) -> S:
        """What a person decided: `decision`, `asked`, `role`."""
        return self._with(approval=wanted)

    def verdict(self, **wanted: Json) -> S:
        """What policy decided: `rule`, `effect`, `hook`."""
        return self._with(verdict=wanted)

    def passages(self, *includes: str, **wanted: Json) -> S:
        """Passages in the prompt: `cited`, `excludes`, `at_most_rank`."""
        return self._with(passages=wanted | ({"includes": list(includes)} if includes else {}))

    def memory(self, **wanted: Json) -> S:
        """Memories: `write`, `recall`, `never_written`."""
        return self._with(memory=wanted)

    def finished(self, outcome: str) -> S:
        """How the turn ended: answered, refused, limited, stopped or abandoned."""
        return self._with(finish=outcome)

    def limits(self, **most: Json) -> S:
        """The most that was used: `model_calls`, `tool_calls`, `tokens`, `usd`, `milliseconds`."""
        return self._with(limits=most)

    def voice(self, **wanted: Json) -> S:
        """How the replies speak: `never`, `words`, `sentences`, `characters`."""
        return self._with(voice=wanted)

    def never(self, **unwanted: Json) -> S:
        """What must not happen in any of these turns: `text`, `tool`, `call`, `verdict`."""
        return self._with(never=unwanted)

    def custom(self, name: str, **options: Json) -> S:
        """An expectation of your own, by its entry point's name."""
        return self._with(custom={name: options})

    def any_of(self, *others: Spec) -> S:
        """One of these holds."""
        return self._with(any_of=[other.table for other in others])

    def not_(self, other: Spec) -> S:
        """This does not hold."""
        return self._with(**{"not": other.table})


class Spec(Words["Spec"]):
    """An expectation that is not judged yet. Words that follow one another must hold together, in one turn."""

    def __init__(self, table: Mapping[str, Json] | None = None) -> None:
        self.table = dict(table or {})

    def _with(self, **part: Json) -> Spec:
        if twice := self.table.keys() & part.keys():
            raise UsageError(f"'{min(twice)}' is said twice in one expectation", hint="use two, or any_of")
        return Spec({**self.table, **part})
