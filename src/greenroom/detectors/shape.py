"""What can be told of a regular expression without running it: how short and long a match is, and what it must hold.

Invariant: no match is shorter than `shortest` or longer than `longest`, and each holds one of `needles`; what this
reader does not understand is refused, not guessed at. It reads the part of RE2's syntax that looks inside a text
(https://github.com/google/re2/wiki/Syntax): anchors would tie a detector to where a text happens to begin.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_DEPTH = 20
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_OPEN_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|(?P<flags>[imsU-]*)(?P<end>[:)])))?")
_CODE = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")
_PROPERTY = re.compile(r"\\[pP](?:\{\^?\w+\}|[A-Z])")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_REFUSED = {"A": "start of text", "z": "end of text", "B": "inside a word", "C": "a single byte", "Q": "quoted text"}
_MOST_NEEDLES = 16


class NotUnderstood(ValueError):
    """The pattern has something this reader does not take, in plain words."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`longest` is None where a match may be of any length; `needles` is empty where a match need hold nothing fixed.

    Lengths are code points. Needles are case-folded; `exact` is the whole match where there is only one.
    """

    shortest: int
    longest: int | None
    needles: frozenset[str] = frozenset()
    exact: str | None = None


_NOTHING = Shape(0, 0, exact="")
_ANY = Shape(1, 1)


def shape(pattern: str) -> Shape:
    """The shape of `pattern`.

    Raises:
        NotUnderstood: an anchor, a group or an escape that a detector cannot have.
    """
    reader = _Reader(pattern)
    found = reader.alternatives(0)
    if reader.place < len(pattern):
        raise NotUnderstood("a ')' that closes nothing")
    return found


class _Reader:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self.place = 0

    def alternatives(self, depth: int) -> Shape:
        """Sequences with `|` between them, up to a closing parenthesis or the end."""
        if depth > MAX_DEPTH:
            raise NotUnderstood(f"groups nested deeper than {MAX_DEPTH}")
        branches = [self._sequence(depth)]
        while self._next("|"):
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else _either(branches)

    def _sequence(self, depth: int) -> Shape:
        parts: list[Shape] = []
        while self.place < len(self._text) and self._text[self.place] not in "|)":
            parts.append(self._repeated(self._atom(depth)))
        return _joined(parts)

    def _atom(self, depth: int) -> Shape:
        character = self._text[self.place]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        if character in "^$":
            raise NotUnderstood(f"the anchor '{character}': a detector looks inside texts; use \\b for a word's edge")
        if character in "*+?":
            raise NotUnderstood(f"a '{character}' that repeats nothing")
        self.place += 1
        return _ANY if character == "." else _fixed(character)

    def _group(self, depth: int) -> Shape:
        opened = _OPEN_GROUP.match(self._text, self.place)
        if opened is None or (self._text.startswith("(?", self.place) and opened.end() == self.place + 1):
            raise NotUnderstood("a group that is neither (...), (?:...), (?P<name>...) nor flags such as (?i)")
        self.place = opened.end()
        if opened["end"] == ")":
            return _NOTHING
        inner = self.alternatives(depth + 1)
        if not self._next(")"):
            raise NotUnderstood("a '(' that is not closed")
        return inner

    def _class(self) -> Shape:
        start = self.place
        self.place += 1
        self._next("^")
        first = True
        while first or not self._text.startswith("]", self.place):
            first = False
            if self.place >= len(self._text):
                raise NotUnderstood("a '[' that is not closed")
            if self._text.startswith("[:", self.place):
                end = self._text.find(":]", self.place)
                self.place = end + 2 if end > 0 else self.place + 1
            elif self._text[self.place] == "\\":
                self._escape(in_class=True)
            else:
                self.place += 1
        self.place += 1
        inside = self._text[start + 1 : self.place - 1]
        return _fixed(inside) if len(inside) == 1 and inside not in "^\\" else _ANY

    def _escape(self, *, in_class: bool = False) -> Shape:
        if code := _CODE.match(self._text, self.place) or _PROPERTY.match(self._text, self.place):
            self.place = code.end()
            return _ANY
        letter = self._text[self.place + 1 : self.place + 2]
        self.place += 2
        if letter in _CONTROLS:
            return _fixed(_CONTROLS[letter])
        if letter and letter in "dDwWsS":
            return _ANY
        if letter == "b" and not in_class:
            return _NOTHING
        if not letter or letter.isalnum():
            raise NotUnderstood(f"'\\{letter}' ({_REFUSED.get(letter, 'no such escape')})")
        return _fixed(letter)

    def _repeated(self, shape: Shape) -> Shape:
        """The shape under the quantifier that follows, if one does."""
        if self._next("*"):
            low, high = 0, None
        elif self._next("+"):
            low, high = 1, None
        elif self._next("?"):
            low, high = 0, 1
        elif count := _COUNT.match(self._text, self.place):
            self.place = count.end()
            low = int(count[1])
            high = low if count[2] is None else int(count[3]) if count[3] else None
        else:
            return shape
        self._next("?")
        longest = None if high is None or shape.longest is None else shape.longest * high
        if shape.longest == 0:
            longest = 0
        exact = shape.exact * low if shape.exact is not None and low == high and low < MAX_DEPTH else None
        return Shape(shape.shortest * low, longest, shape.needles if low else frozenset(), exact)

    def _next(self, character: str) -> bool:
        if self._text.startswith(character, self.place):
            self.place += 1
            return True
        return False


def _fixed(character: str) -> Shape:
    folded = character.casefold()
    return Shape(1, 1, frozenset((folded,)), folded)


def _either(branches: list[Shape]) -> Shape:
    longest: int | None = 0
    for branch in branches:
        longest = None if longest is None or branch.longest is None else max(longest, branch.longest)
    needles = frozenset().union(*(branch.needles for branch in branches))
    sure = all(branch.needles for branch in branches) and len(needles) <= _MOST_NEEDLES
    return Shape(min(branch.shortest for branch in branches), longest, needles if sure else frozenset())


def _joined(parts: list[Shape]) -> Shape:
    """One after another; neighbours that are fixed text make one longer needle."""
    shortest, run = 0, ""
    longest: int | None = 0
    best: frozenset[str] = frozenset()
    for part in parts:
        shortest += part.shortest
        longest = None if longest is None or part.longest is None else longest + part.longest
        run = run + part.exact if part.exact is not None else ""
        for needles in (part.needles, frozenset((run,)) if run else frozenset()):
            best = max(best, needles, key=_weight)
    whole = run if parts and all(part.exact is not None for part in parts) else None
    return Shape(shortest, longest, best, "" if not parts else whole)


def _weight(needles: frozenset[str]) -> tuple[int, int]:
    """How much a set of needles rules out: the length of its shortest, then how few they are."""
    return (min(map(len, needles)), -len(needles)) if needles else (0, 0)
