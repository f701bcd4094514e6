"""Masks in place of findings: the same value gets the same mask for a whole session.

Invariant: redacting twice changes nothing more, and nothing outside the found spans changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from greenroom.core.values import Finding, Json
from greenroom.detectors.find import LABELS, find
from greenroom.detectors.own import NONE, OwnDetectors, label_of
from greenroom.detectors.walk import rewrite, walk

_MASK = re.compile(r"‹([a-z_]+)#([1-9][0-9]{0,8})›")
_ROUNDS = 4
Span = tuple[int, int, str]


class Masks:
    """Which value has which mask in one session. Values stay in memory only and are never written anywhere."""

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        self._labels = dict(LABELS)
        self._shown: list[Iterable[str]] = []

    def call(self, labels: Mapping[str, str]) -> None:
        """Call masks of further kinds by these labels."""
        self._labels.update(labels)

    def mask(self, detector: str, value: str) -> str:
        """`‹card#1›` for a value of kind `personal.card`; a mask stays itself."""
        if _MASK.fullmatch(value):
            return value
        label = self._labels.get(detector) or label_of(detector)
        known = self._by_value.get((label, value))
        if known is None:
            self._reserve_shown()
            number = self._last.get(label, 0) + 1
            self._last[label] = number
            known = self._by_value[label, value] = f"‹{label}#{number}›"
        return known

    def learn(self, value: str, mask: str) -> None:
        """Give a value this mask, unless it has one already."""
        self.reserve_text(mask)
        if (found := _MASK.fullmatch(mask)) is not None:
            self._by_value.setdefault((found[1], value), mask)

    def reserve(self, payload: Json) -> None:
        """Never give out a number again that `payload` already shows, e.g. the log of a session that is resumed."""
        for _, text in walk(payload).strings:
            self.reserve_text(text)

    def reserve_all(self, texts: Iterable[str]) -> None:
        """The same for texts, e.g. records as JSON; they are gone through when a new number is given out for the first time."""
        self._shown.append(texts)

    def _reserve_shown(self) -> None:
        shown, self._shown = self._shown, []
        for text in chain.from_iterable(shown):
            self.reserve_text(text)

    def reserve_text(self, text: str) -> None:
        """The same for one text, at once, which is quicker than to walk it; a mask is no part of JSON's syntax."""
        if "‹" in text:
            for label, number in _MASK.findall(text):
                self._last[label] = max(self._last.get(label, 0), int(number))


def redact(payload: Json, findings: Iterable[Finding], masks: Masks) -> Json:
    """`payload` with a mask in place of every span of `findings`. Overlapping spans are masked as one.

    `findings` must come from `payload` itself; those whose path or span does not exist there change nothing.
    """
    places: dict[str, list[Span]] = {}
    for item in findings:
        places.setdefault(item.path, []).append((item.start, item.end, item.detector))
    if not places:
        return payload
    masks.reserve(payload)

    def change(path: str, text: str) -> str:
        return _mask_spans(text, merged(places[path]), masks) if path in places else text

    return rewrite(payload, change)


def with_masks(payload: Json, findings: Iterable[Finding], masks: Masks) -> tuple[Finding, ...]:
    """The findings with the mask that `redact` puts in the place of each."""
    texts = dict(walk(payload).strings)
    out = []
    for item in findings:
        text = texts.get(item.path)
        mask = masks.mask(item.detector, text[item.start : item.end]) if text is not None else ""
        out.append(item.model_copy(update={"mask": mask}))
    return tuple(out)


def mask_all(payload: Json, wanted: Callable[[str], bool], masks: Masks, own: OwnDetectors = NONE) -> Json:
    """`payload` with every finding masked whose detector is `wanted`, until no more is found.

    One round is enough but where a mask opens a word boundary beside it; four are tried.
    """
    for _ in range(_ROUNDS):
        findings = [item for item in find(payload, own) if wanted(item.detector) and not item.mask]
        if not findings:
            break
        payload = redact(payload, findings, masks)
    return payload


def same_but_numbers(one: Json, other: Json) -> bool:
    """Whether two payloads differ in nothing but the numbers of masks."""
    return bool(rewrite(one, _without_numbers) == rewrite(other, _without_numbers))


def _without_numbers(_: str, text: str) -> str:
    return _MASK.sub(r"‹\1›", text)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order with overlapping ones joined; a joined span keeps the kind of its longest part."""
    out: list[Span] = []
    longest = 0
    for start, end, kind in sorted(spans):
        if out and start < out[-1][1]:
            kept = kind if end - start > longest else out[-1][2]
            longest = max(longest, end - start)
            out[-1] = (out[-1][0], max(out[-1][1], end), kept)
        else:
            out.append((start, end, kind))
            longest = end - start
    return out


def _mask_spans(text: str, spans: list[Span], masks: Masks) -> str:
    parts, here = [], 0
    for start, end, kind in spans:
        parts += [text[here:start], masks.mask(kind, text[start:end])]
        here = end
    return "".join(parts) + text[here:]
