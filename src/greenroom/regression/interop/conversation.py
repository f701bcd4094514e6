"""A conversation in no tool's words: what every foreign format is read into, and written from.

Invariant: what a format holds and this value cannot, or the other way round, is a `Loss`; nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from greenroom.core.values import Json

Status = Literal["done", "failed", "timed_out", "invalid", "denied", "unknown"]


class Loss(NamedTuple):
    """Something that was not taken over as it is: where it stands, what it is, and why."""

    where: str
    what: str
    why: str


class Losses(list[Loss]):
    """The losses of one import or export, in the order they were met."""

    def note(self, where: str, what: str, why: str) -> None:
        """Add one, unless the very same is there already."""
        loss = Loss(where, what, why)
        if not self or self[-1] != loss:
            self.append(loss)


@dataclass(frozen=True, slots=True)
class Result:
    """What a call came to. `error` belongs to every status but `done`."""

    output: Json = None
    error: str = ""
    status: Status = "done"


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call; `result` is None where the source does not say what came of it."""

    tool: str
    args: dict[str, Json] = field(default_factory=dict)
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model; one with `calls` is followed by another. `tokens` are those read and those written."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    reasoning: str = ""
    tokens: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's words and the replies to them; without any the source holds only the question."""

    user: str
    replies: tuple[Reply, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether there is a reply that asks for no more tools."""
        return bool(self.replies) and not self.replies[-1].calls

    @property
    def text(self) -> str:
        """The last words of the reply."""
        return self.replies[-1].text if self.answered else ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns with what is expected of them.

    `expectations` are assertions in the words of a case file (`{"turn": 1, "text": {"contains": "30 days"}}`), `where`
    the place in the source, `name` what the source calls it.
    """

    turns: tuple[Turn, ...]
    name: str = ""
    where: str = ""
    why: str = ""
    tags: tuple[str, ...] = ()
    expectations: tuple[dict[str, Json], ...] = ()

    @property
    def recorded(self) -> bool:
        """Whether every turn has a reply, so that nobody has to be asked for one."""
        return bool(self.turns) and all(turn.replies for turn in self.turns)

    def calls(self) -> Iterable[Call]:
        """Every call in order."""
        return (call for turn in self.turns for reply in turn.replies for call in reply.calls)

    def with_tools(self, names: dict[str, str]) -> Conversation:
        """The same with tools renamed, in calls and expectations."""

        def renamed(turn: Turn) -> Turn:
            replies = tuple(
                replace(reply, calls=tuple(replace(call, tool=names.get(call.tool, call.tool)) for call in reply.calls))
                for reply in turn.replies
            )
            return replace(turn, replies=replies)

        expected = tuple(_renamed(item, names) for item in self.expectations)
        return replace(self, turns=tuple(map(renamed, self.turns)), expectations=expected)


@dataclass(frozen=True, slots=True)
class Source:
    """A foreign file that was read: its format, its conversations, and what could not be taken over."""

    format: str
    conversations: tuple[Conversation, ...]
    losses: tuple[Loss, ...]


def folded(losses: Iterable[Loss]) -> list[str]:
    """The losses as lines for people: the same thing in many places is one line that says where it is first."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for where, what, why in losses:
        places.setdefault((what, why), {})[where] = None
    return [f"  loss     {what}: {why} ({_first_of(list(found))})" for (what, why), found in places.items()]


def _first_of(places: list[str]) -> str:
    return ", ".join(places) if len(places) < 3 else f"{places[0]} and {len(places) - 1} more"


def _renamed(value: Json, names: dict[str, str], key: str = "") -> Json:
    """An expectation with tools renamed: under `tool`, and among `calls`; what is said of arguments and texts stays."""
    if key in ("args", "text"):
        return value
    if isinstance(value, dict):
        return {inner: _renamed(item, names, inner) for inner, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names, key) for item in value]
    return names.get(value, value) if key in ("tool", "calls") and isinstance(value, str) else value
