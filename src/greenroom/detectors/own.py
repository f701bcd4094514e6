"""Detectors that a workspace adds: one bounded pattern each, a second look, and words that must stand near.

Invariant: they search one string at a time on the linear-time engine, never inside a mask, and never raise.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any

import re2  # type: ignore[import-untyped]  # google-re2 ships no type information

from greenroom.detectors import checks
from greenroom.detectors.fold import fold
from greenroom.detectors.shape import Shape, shape

MAX_PATTERN = 400
MAX_LENGTH = 256
"""The longest match, in code points, that streamed words are held back for; a longer one holds the whole reply."""
MAX_WITHIN = 100
_MAX_MEMORY = 256 * 1024
"""Bytes the engine may take for one pattern; a program that needs more is refused."""
MASK = re.compile(r"‹[a-z_]+#[1-9][0-9]{0,8}›")
"""A mask of any kind, as `masks` writes it."""
_FAR = 2**62
_DIGITS = re.compile(r"digits:(\d{1,2})(?:-(\d{1,2}))?")
CHECKS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "luhn": ("its digits pass the Luhn checksum", lambda text: checks.luhn(_digits(text)) and bool(_digits(text))),
    "iban": ("it passes mod 97 of ISO 13616", checks.iban),
    "entropy": ("it looks random: over 2.7 bits a character, letters and digits", checks.random_looking),
}
"""The second looks by name, each with what it says; `digits:8` and `digits:8-10` come on top."""


@dataclass(frozen=True, slots=True)
class Match:
    """A match at `start` to `end`; `first` to `last` is what had to be read to know it, its keyword included."""

    start: int
    end: int
    first: int
    last: int
    counts: bool


@dataclass(frozen=True)
class OwnDetector:
    """One detector of a workspace, ready to search. Made by `own_detector`."""

    id: str
    label: str
    pattern: str
    compiled: Any = field(repr=False)
    shape: Shape = field(repr=False)
    accept: Callable[[str], bool] | None = field(repr=False, default=None)
    near: tuple[str, ...] = ()
    within: int = 40

    @property
    def reach(self) -> int | None:
        """How many code points have to be read, from where a match begins, to know all of it; None is no bound."""
        longest = self.shape.longest
        if longest is None or longest > MAX_LENGTH:
            return None
        return longest + (self.within + max(map(len, self.near)) if self.near else 0)

    def may_be_in(self, folded: str) -> bool:
        """Whether a case-folded text holds what every match needs: a quick no for most texts."""
        needles = self.shape.needles
        if needles and not any(needle in folded for needle in needles):
            return False
        return not self.near or any(word in folded for word in self._words)

    def matches(self, text: str) -> Iterator[Match]:
        """Every match in `text`, in order; those that `counts` are findings."""
        if not self.may_be_in(text.casefold()):
            return
        whole = text.encode("utf-8", "replace").decode()  # lone surrogates become '?', one for one
        words = [found.span() for found in self._keywords.finditer(whole)] if self.near else []
        for found in self.compiled.finditer(whole):
            start, end = found.span()
            counts = self.accept is None or self.accept(whole[start:end])
            match = Match(start, end, start, end, counts)
            yield self._beside(match, words) if self.near else match

    def _beside(self, match: Match, words: Sequence[tuple[int, int]]) -> Match:
        """The match with the nearest keyword; without one it does not count."""
        start, end = match.start, match.end
        place = bisect_right(words, (start, _FAR))
        near = words[max(0, place - 1) : place + 1]
        near = [word for word in near if word[1] >= start - self.within and word[0] <= end + self.within]
        if not near:
            return replace(match, counts=False)
        first, last = min(near, key=lambda word: max(start - word[1], word[0] - end))
        return replace(match, first=min(start, first), last=max(end, last))

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(word.casefold() for word in self.near)

    @cached_property
    def _keywords(self) -> re.Pattern[str]:
        """Alternatives of literals only, so the time to search is linear."""
        return re.compile("|".join(map(re.escape, sorted(self.near, key=len, reverse=True))), re.IGNORECASE)


def own_detector(
    id: str, pattern: str, *, label: str = "", check: str = "", near: Sequence[str] = (), within: int = 40
) -> OwnDetector:
    """A detector from what a policy file says.

    Raises:
        ValueError: the pattern or the check cannot be used; the message says why in plain words.
    """
    program, found = compiled(pattern)
    if not near and not found.needles:
        raise ValueError("every match needs some fixed text, such as the 'NW-' of NW-1234; or give 'near' its keywords")
    return OwnDetector(
        id=id,
        label=label or label_of(id),
        pattern=pattern,
        compiled=program,
        shape=found,
        accept=accepting(check) if check else None,
        near=tuple(near),
        within=within,
    )


def label_of(id: str) -> str:
    """What a mask calls a kind unless its detector says otherwise: the last part of `shop.order`."""
    return id.rpartition(".")[2]


def accepting(check: str) -> Callable[[str], bool]:
    """The second look of this name.

    Raises:
        ValueError: there is none.
    """
    if check in CHECKS:
        return CHECKS[check][1]
    if counted := _DIGITS.fullmatch(check):
        low, high = int(counted[1]), int(counted[2] or counted[1])
        return lambda text: low <= len(_digits(text)) <= high
    raise ValueError(f"no check is named '{check}'; known: {', '.join([*CHECKS, 'digits:N', 'digits:N-M'])}")


def compiled(pattern: str) -> tuple[Any, Shape]:
    """The pattern as a program of the linear-time engine, and its shape.

    Raises:
        ValueError: too long, too large, not RE2's syntax, or it can match the empty text.
    """
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"a pattern has at most {MAX_PATTERN} characters, this one {len(pattern)}")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    try:
        program = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"not a pattern that re2 takes: {said}") from None
    found = shape(pattern)
    if found.shortest == 0:
        raise ValueError("it can match the empty text, so it would find something everywhere")
    return program, found


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal() and character.isascii())


@dataclass(frozen=True, eq=False)
class OwnDetectors:
    """All detectors a workspace adds, with the labels of their masks. Two of them are the same only if they are one."""

    detectors: tuple[OwnDetector, ...] = ()

    @cached_property
    def labels(self) -> dict[str, str]:
        """What a mask calls each kind, by kind."""
        return {detector.id: detector.label for detector in self.detectors}

    def places(self, texts: Sequence[str], limit: int) -> Iterator[tuple[int, int, int, str]]:
        """Index of the text, start, end and kind of findings and of the masks of earlier ones; `limit` for each kind."""
        folded = fold("\n".join(texts)).text.casefold()
        if "‹" in folded:
            yield from self._masked(texts)
        for detector in self.detectors:
            if detector.may_be_in(folded):
                yield from islice(_places(detector, texts), limit)

    def _masked(self, texts: Sequence[str]) -> Iterator[tuple[int, int, int, str]]:
        kinds = {f"‹{label}#": kind for kind, label in self.labels.items()}
        for index, text in enumerate(texts):
            for mask in MASK.finditer(text) if "‹" in text else ():
                if kind := kinds.get(text[mask.start() : text.index("#", mask.start()) + 1]):
                    yield index, mask.start(), mask.end(), kind


def _places(detector: OwnDetector, texts: Sequence[str]) -> Iterator[tuple[int, int, int, str]]:
    for index, text in enumerate(texts):
        masks = [mask.span() for mask in MASK.finditer(text)] if "‹" in text else []
        folded = fold(text)
        for match in detector.matches(folded.text):
            start, end = outside(*folded.span(match.start, match.end), masks)
            if match.counts and start < end:
                yield index, start, end, detector.id


def outside(start: int, end: int, masks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The span without the part of a mask it would cut; an empty one if it lies inside a mask."""
    before = bisect_right(masks, (start, _FAR)) - 1
    if before >= 0 and masks[before][0] <= start < masks[before][1]:
        if end <= masks[before][1]:
            return start, start
        start = start if masks[before][0] == start else masks[before][1]
    after = bisect_left(masks, (end, 0)) - 1
    if after >= 0 and start <= masks[after][0] < end < masks[after][1]:
        end = masks[after][0]
    return start, end


NONE = OwnDetectors()
"""A workspace that adds nothing."""
