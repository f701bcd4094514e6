"""What a replay works out by itself has a form on a tape too: expectations read it there.

Invariant: a line that passes can be read by every expectation; it is compared with what the replay came to elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from greenroom.core.values import Json
from greenroom.regression.tape import Line

_TEXTS: dict[str, Callable[[Line], Iterable[Json]]] = {
    "select": lambda line: (*line["select"], *line.get("memories", ())),
    "verdict": lambda line: (line["verdict"], line["effect"], line["rule"]),
    "ask": lambda line: (line["ask"], line["rule"], line["role"]),
    "release": lambda line: (line["release"],),
    "finish": lambda line: (line["finish"],),
}
"""The values of a line, by its kind, that are texts."""


def require_form(line: Line) -> None:
    """Nothing, if a derived line has the form of its kind.

    Raises:
        KeyError: a key is missing.
        TypeError: a value is of another type.
    """
    texts = _TEXTS.get(next(iter(line)))
    if texts is not None and not all(isinstance(text, str) for text in texts(line)):
        raise TypeError("not a text")
