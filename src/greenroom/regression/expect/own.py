"""Expectations of a team's own, found by entry point: `[project.entry-points."greenroom.expectations"]`.

Invariant: the code of one is imported only where a case uses it; an unknown name is an error when the case is read, and
an expectation that fails itself, or returns what is no answer, is told as that: it is taken for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from greenroom.core.toml_text import suggest
from greenroom.core.values import Json
from greenroom.regression.expect.beside import CannotJudge
from greenroom.regression.expect.said import bare
from greenroom.regression.expect.written import Plain
from greenroom.regression.tape.facts import TurnFacts

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "greenroom.expectations"
_MOST = 20


@dataclass(frozen=True, slots=True)
class Facts:
    """What a custom expectation is given: the `turns` it covers, and all turns of the run."""

    turns: tuple[TurnFacts, ...]
    run: tuple[TurnFacts, ...]


Expectation = Callable[[Facts, Mapping[str, Json]], "Iterable[str] | bool"]
"""`(facts, options) -> problems`, each one sentence, none when it holds; or a bool, True when it holds."""

_RETURN = "return True where it holds and False where not, or the problems as texts ([] where it holds)"


@lru_cache(maxsize=1)
def installed() -> Mapping[str, EntryPoint]:
    """The custom expectations of this environment, by name."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _known(written: dict[str, dict[str, Json]]) -> dict[str, dict[str, Json]]:
    if not written:
        raise ValueError("expects nothing: write the name of an expectation, with its options in a table")
    for name in written:
        if name not in installed():
            hint = suggest(name, list(installed())) if installed() else "none is installed"
            raise ValueError(f"no expectation '{name}' ({hint}); a package offers one by the entry point group {GROUP}")
    return written


Custom = Annotated[dict[str, dict[str, Plain]], AfterValidator(_known), Field(json_schema_extra={"minProperties": 1})]
"""Options by the expectation's name."""


def custom_problems(
    expected: Mapping[str, Mapping[str, Json]], turns: Sequence[TurnFacts], run: Sequence[TurnFacts]
) -> Iterator[str]:
    """What custom expectations say of these turns.

    Raises:
        CannotJudge: one failed itself, or returned what is no answer.
    """
    facts = Facts(tuple(turns), tuple(run))
    for name, options in expected.items():
        yield from (f"{name}: {said}" for said in _asked(name, facts, options))


def _asked(name: str, facts: Facts, options: Mapping[str, Json]) -> list[str]:
    try:
        judge: Any = installed()[name].load()
        said = judge(facts, options)
        answered = list(said) if isinstance(said, Iterable) and not isinstance(said, str | bytes | Mapping) else said
    except Exception as error:  # noqa: BLE001  # code of the team: whatever it raises is a sentence, and no pass
        raise CannotJudge(
            f"{name}: the expectation itself failed: {type(error).__name__}: {bare(str(error))}"
        ) from None
    return [bare(problem, 300) for problem in _problems(name, answered)[:_MOST]]


def _problems(name: str, answered: object) -> Sequence[str]:
    if isinstance(answered, bool):
        return () if answered else ("it does not hold",)
    if isinstance(answered, str):
        return (answered,)
    if not isinstance(answered, list):
        if close := getattr(answered, "close", None):
            close()  # a coroutine that nobody waits for
        raise CannotJudge(f"{name} returned {_what(answered)}: {_RETURN}")
    if other := [problem for problem in answered if not isinstance(problem, str)]:
        raise CannotJudge(f"{name} told a problem as {_what(other[0])}: {_RETURN}")
    return answered


def _what(answered: object) -> str:
    return (
        "None"
        if answered is None
        else f"{'an' if type(answered).__name__[0] in 'aeiou' else 'a'} {type(answered).__name__}"
    )
