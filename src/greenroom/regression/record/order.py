"""In what order a tape tells what its calls did, which are carried out side by side.

Invariant: two tellings of the same events have the same lines in the same order, whichever call came back first.
"""

from __future__ import annotations

from collections.abc import Sequence

from greenroom.regression.tape.tape import Line

_CALLED = "tool.call"
_AFTER_GATE = ("ask", "answer", "result", "verdict")
_PHASES = ("autonomy", "day", "verdict", "ask", "answer")
_ROUNDS = {"gate": 1, "stop": 1_000, "start": 1_001, "unknown": 2_000, "now": 500}
"""Of a moment; `ask` and `run` are the first round's."""
_RESULT = 3_000


def by_call(run: Sequence[tuple[int, Line]], *, by_life: bool = False) -> list[Line]:
    """Lines of tool calls in the order of the calls, and what a verdict rests on before it: after a crash a level or a
    day's sums are read once more behind a verdict that then stands in its first place. A gate of a call comes before
    its question, also where only a person who went on after a crash stepped.
    """
    if by_life:
        return [line for _, line in sorted(run, key=lambda pair: (pair[0], place_in_call(pair[1])))]
    first = {
        (call, line["of"]): place
        for place, (call, line) in reversed([*enumerate(run)])
        if line.get("verdict") == _CALLED
    }

    put: dict[int, int] = {}
    for place, (call, line) in enumerate(run):
        if any(kind in line for kind in _AFTER_GATE) and line.get("of") != f"c{call}":
            put.setdefault(call, place)

    def key(pair: tuple[int, tuple[int, Line]]) -> tuple[int, float]:
        place, (call, line) = pair
        if str(line.get("gate", "")).startswith("tool:"):
            return call, min(place, put.get(call, place) - 0.3)
        ahead = 0.6 if "autonomy" in line else 0.5 if "day" in line else 0.0
        return call, min(place, first.get((call, line["of"]), place) - ahead) if ahead else place

    return [line for _, (_, line) in sorted(enumerate(run), key=key)]


def place_in_call(line: Line) -> tuple[int, int, int, bool]:
    """Where a line stands among those of its call: by the round it belongs to, what it is, and its life; of what was edited
    at a gate before what was edited when asked about, which is of the same round.

    In what order they were written follows from what they are, but for where a life was cut off.
    """
    kind = next(iter(line))
    life = int(line.get("life", 1))
    if kind == "result" or line.get("verdict") == "tool.result":
        return _RESULT + (kind != "result"), 0, life, False
    if kind == "gate":
        return (-1 if str(line["gate"]).startswith("tool") else _RESULT + 2), 0, life, False
    of = str(line[kind] if kind in ("ask", "answer") else line.get("of", ""))
    return _round(of), _PHASES.index(kind), life, ".gate" not in of


def _round(of: str) -> int:
    """`c1` is the first, `c1.2` comes after its second edit; `c1.2.unknown.now` is what counted once that was answered."""
    parts = of.split(".")[1:]
    return sum(int(part) if part.isdigit() else _ROUNDS.get(part, 0) for part in parts)
