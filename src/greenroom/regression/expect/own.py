"""Expectations of a team's own, found by entry point: `[project.entry-points."greenroom.expectations"]`.

Invariant: the code of one is imported only where a case uses it; an unknown name is an error when the case is read, and
an expectation that fails itself is told as that, never taken for held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator

from greenroom.core.toml_text import suggest
from greenroom.core.values import Json
from greenroom.regression.expect.said import shown
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


Expectation = Callable[[Facts, Mapping[str, Json]], Iterable[str]]
"""`(facts, options) -> problems`, each one sentence; none when it holds."""


@lru_cache(maxsize=1)
def installed() -> Mapping[str, EntryPoint]:
    """The custom expectations of this environment, by name."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def _known(written: dict[str, dict[str, Json]]) -> dict[str, dict[str, Json]]:
    for name in written:
        if name not in installed():
            hint = suggest(name, list(installed())) if installed() else "none is installed"
            raise ValueError(f"no expectation '{name}' ({hint}); a package offers one by the entry point group {GROUP}")
    return written


Custom = Annotated[dict[str, dict[str, Json]], AfterValidator(_known)]
"""Options by the expectation's name."""


def custom_problems(
    expected: Mapping[str, Mapping[str, Json]], turns: Sequence[TurnFacts], run: Sequence[TurnFacts]
) -> Iterator[str]:
    """What custom expectations say of these turns."""
    facts = Facts(tuple(turns), tuple(run))
    for name, options in expected.items():
        yield from (f"{name}: {said}" for said in _asked(name, facts, options))


def _asked(name: str, facts: Facts, options: Mapping[str, Json]) -> list[str]:
    try:
        judge: Any = installed()[name].load()
        said = judge(facts, options)
        problems = [said] if isinstance(said, str) else list(said or ())
    except Exception as error:  # noqa: BLE001  # code of the team: whatever it raises is a sentence, and no pass
        return [f"the expectation itself failed: {type(error).__name__}: {shown(str(error))[1:-1]}"]
    return [shown(str(problem), 300)[1:-1] for problem in problems[:_MOST]]
