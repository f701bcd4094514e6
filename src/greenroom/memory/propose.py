"""From a person's words to what may be worth remembering. Pure, cautious, and linear in the length of the words.

Invariant: a proposal is something the person said of themselves in so many words; what was asked, quoted or said of
another is left alone, and the same words give the same proposals with the same ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from greenroom.core.values import Memory

_MOST_READ = 4_000
_MOST = 8

_START = r"(?<![\w'’])"
_NAME = r"(?P<value>[^\W\d_][\w'’-]{0,30}(?: [A-Z][\w'’-]{0,30}){0,2})"
_END = r"(?![\w'’@-])"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What to look for, what it says, and how sure it is. Every repetition in `form` is bounded."""

    key: str
    form: re.Pattern[str]
    text: str
    confidence: float


def _pattern(key: str, form: str, text: str, confidence: float) -> _Pattern:
    return _Pattern(key, re.compile(_START + form + _END), text, confidence)


_SIZE = r"(?P<value>\d{1,3}(?:[.,]5)?|(?i:XXS|XS|S|M|L|XL|XXL|XXXL))"

_PATTERNS = (
    _pattern("name", rf"(?i:my name(?: is|['’]s)) {_NAME}", "Name: {value}", 0.95),
    _pattern("name", rf"(?i:(?:please )?call me) (?=[A-Z]){_NAME}", "Name: {value}", 0.9),
    _pattern("name", rf"(?:I['’]m|I am|i['’]m|i am|[Tt]his is) (?=[A-Z]){_NAME}(?=\s*(?:$|[.,!;]| and | from | here))", "Name: {value}", 0.7),
    _pattern("shoe_size", rf"(?i:my shoe size is|i(?: wear| take|['’]m| am) (?:an? )?shoe size|my shoes are size) {_SIZE}", "Shoe size: {value}", 0.95),
    _pattern("shoe_size", rf"(?i:i (?:wear|take) (?:an? )?(?:size )?){_SIZE}(?i: (?:in )?(?:shoes|boots|sneakers|trainers))", "Shoe size: {value}", 0.95),
    _pattern("size", rf"(?i:i (?:wear|take|am|need) (?:an? )?size|i['’]m (?:an? )?size|my (?:clothing |shirt |dress )?size is) {_SIZE}(?!,? ?(?:in )?(?:shoes|boots|sneakers|trainers))", "Size: {value}", 0.85),
    _pattern("email", r"(?i:my e-?mail(?: address)?(?: is|:)|e-?mail me at|reach me at) (?P<value>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})", "E-mail: {value}", 0.95),
    _pattern("phone", r"(?i:my (?:phone|mobile|number|phone number|mobile number)(?: is|:)|call me (?:at|on)) (?P<value>\+?\d[\d /-]{5,18}\d)", "Phone: {value}", 0.9),
    _pattern("language", r"(?i:i (?:only )?speak|i prefer(?: to (?:speak|write)(?: in)?)?|(?:please )?(?:answer|reply|write) (?:to )?(?:me )?in) (?P<value>English|German|French|Spanish|Italian|Portuguese|Dutch|Polish|Danish|Swedish|Norwegian|Finnish|Czech|Greek|Turkish|Ukrainian|Russian|Arabic|Hebrew|Hindi|Chinese|Japanese|Korean)", "Language: {value}", 0.9),
    _pattern("city", r"(?i:i live in|i am based in|i['’]m based in) (?=[A-Z])(?P<value>[^\W\d_][\w'’-]{0,30}(?: [A-Z][\w'’-]{0,30}){0,2})", "Lives in: {value}", 0.8),
    _pattern("allergy", r"(?i:i am|i['’]m) (?i:allergic to) (?P<value>[^\W\d_][\w-]{1,30})", "Allergic to: {value}", 0.9),
    _pattern("preference", r"(?i:please )?(?i:remember that) (?P<value>[^.!?\n]{3,160})", "{value}", 0.8),
)  # fmt: skip

KEYS = frozenset(pattern.key for pattern in _PATTERNS)
"""What memories are proposed under."""

_NO_NAMES = frozenset(
    """a an the not no yes just so very also still already here there back looking trying sorry afraid glad happy sure ok
    okay fine good great done new interested going getting having waiting calling writing asking about from in on at
    wondering confused angry disappointed unhappy unsure tired ill sick allergic based""".split()  # noqa: SIM905  # words read better as prose
)
_DENIED = re.compile(r"(?i)(?:\bnot|n['’]t|\bnever|\bif|\bwhat if|\bsuppose|\bpretend)\s{1,3}(?:\w{1,20}\s){0,2}\Z")


def propose(
    words: str,
    reply: str = "",
    *,
    segment: str,
    subject: str,
    record: str = "",
    created: str = "",
    expires: str | None = None,
    known: Sequence[Memory] = (),
) -> tuple[Memory, ...]:
    """What a person's words give to remember, in the order said; at most eight, one for each key (the last said wins).

    Args:
        words: what the person said.
        reply: what was answered; nothing is taken from it, because a model's words prove nothing about a person.
        segment: where the proposals would be kept.
        subject: whom they are about.
        record: `session:seq` of the words; also makes the ids.
        created: stamp of now.
        expires: stamp after which they are void.
        known: memories already recalled; what they say already is not proposed again.
    """
    said = {(memory.key, memory.text) for memory in known if memory.segment == segment}
    found = {
        pattern.key: (pattern, value) for _, pattern, value in sorted(_finds(words[:_MOST_READ]), key=lambda f: f[0])
    }
    return tuple(
        Memory(
            id=f"{record or 'proposed'}.{key}",
            segment=segment,
            subject=subject,
            key=key,
            text=pattern.text.format(value=value),
            confidence=pattern.confidence,
            record=record,
            created=created,
            expires=expires,
        )
        for key, (pattern, value) in list(found.items())[:_MOST]
        if (key, pattern.text.format(value=value)) not in said
    )


def _finds(words: str) -> Iterator[tuple[int, _Pattern, str]]:
    """Place, pattern and value of each match that stands on its own."""
    for pattern in _PATTERNS:
        for match in pattern.form.finditer(words):
            value = match["value"].strip(" .,;'’-")
            if _counts(pattern, value) and not _DENIED.search(words[max(0, match.start() - 60) : match.start()]):
                yield match.start(), pattern, value.upper() if pattern.key.endswith("size") else value


def _counts(pattern: _Pattern, value: str) -> bool:
    return bool(value) and not (pattern.key == "name" and value.split(maxsplit=1)[0].lower() in _NO_NAMES)
