"""The patterns: a dozen, literal-anchored, on a linear-time engine. The only importer of re2.

Invariant: no pattern can match a NUL byte, so that one search over many strings never runs from one into the next;
only `text.control`, which looks for such characters, is found elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import re2  # type: ignore[import-untyped]  # google-re2 ships no type information

from greenroom.detectors import checks

Spans = Iterator[tuple[int, int]]
Check = Callable[[Any, list[int]], Spans]
"""From a match (over bytes) and the budget of this scan to the byte spans that hold a finding."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One detector: its name, what must occur for a search to be worth it, the compiled pattern, the second look."""

    name: str
    literals: tuple[bytes, ...]
    compiled: Any
    check: Check = field(repr=False)


def _whole(accept: Callable[[str], bool] | None = None, group: int = 0) -> Check:
    def check(match: Any, _budget: list[int]) -> Spans:
        if accept is None or accept(_text(match, group)):
            yield match.span(group)

    return check


def _cards(match: Any, budget: list[int]) -> Spans:
    offset = match.start()
    for start, end in checks.card_spans(_text(match), budget):
        yield offset + start, offset + end


def _iban(match: Any, budget: list[int]) -> Spans:
    """The longest beginning of the match that passes mod 97, cut at spaces only (words may follow an IBAN)."""
    text = _text(match)
    while text and budget[0] > 0:
        budget[0] -= 1
        if checks.iban(text):
            yield match.start(), match.start() + len(text)
            return
        text = text.rpartition(" ")[0]


def _link(shown: int, target: int) -> Check:
    def check(match: Any, _budget: list[int]) -> Spans:
        if checks.other_host(_text(match, shown).strip(), _text(match, target)):
            yield match.span()

    return check


def _text(match: Any, group: int = 0) -> str:
    raw: bytes = match.group(group)
    return raw.decode("utf-8", "replace")


def _pattern(name: str, literals: tuple[bytes, ...], source: bytes, check: Check | None = None) -> Pattern:
    return Pattern(name, literals, re2.compile(source), check or _whole())


_TOKENS = (
    rb"sk-[A-Za-z0-9_\-]{16,}",  # OpenAI, Anthropic, OpenRouter
    rb"[srp]k_(?:live|test)_[A-Za-z0-9]{12,}",  # Stripe
    rb"whsec_[A-Za-z0-9+/=]{20,}",
    rb"gh[pousr]_[A-Za-z0-9]{16,}",  # GitHub
    rb"github_pat_[A-Za-z0-9_]{20,}",
    rb"glpat-[A-Za-z0-9_\-]{16,}",  # GitLab
    rb"xox[abeoprs]-[A-Za-z0-9\-]{10,}",  # Slack
    rb"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}",  # AWS
    rb"AIza[A-Za-z0-9_\-]{30,}",  # Google
    rb"ya29\.[A-Za-z0-9_\-]{20,}",
    rb"npm_[A-Za-z0-9]{30,}",
    rb"pypi-[A-Za-z0-9_\-]{32,}",
    rb"hf_[A-Za-z0-9]{28,}",
    rb"gsk_[A-Za-z0-9]{28,}",  # Groq
    rb"SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}",  # SendGrid
    rb"dop_v1_[0-9a-f]{48,}",  # DigitalOcean
    rb"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{24,}",  # Shopify
    rb"sq0(?:atp|csp)-[A-Za-z0-9_\-]{20,}",  # Square
    rb"key-[0-9a-f]{32}",  # Mailgun
    rb"(?:dckr_pat|lin_api|sntrys|tfp|rpa|r8|figd|nvapi|pplx|xai)[_\-][A-Za-z0-9_\-]{24,}",
    rb"AGE-SECRET-KEY-1[0-9A-Z]{50,}",
)
_INJECTION = (
    (
        rb"\b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}(?:previous|prior|above|earlier|preceding|your)\s+"
        rb"(?:\w+\s+){0,2}(?:instructions?|rules?|prompts?|messages?|guidelines)"
    ),
    rb"\byou\s+are\s+now\s+(?:in\s+\w+\s+mode|an?\s+unrestricted|dan\b)",
    rb"\b(?:reveal|print|show|repeat|output)\s+(?:\w+\s+){0,3}system\s+prompt",
    rb"\bnew\s+(?:system\s+)?instructions?\s*:",
    rb"<\|(?:im_start|im_end|system|endoftext)\|>|\[/?INST\]|<</?SYS>>",
)

PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "personal.email",
        (b"@",),
        rb"\b[A-Za-z0-9][A-Za-z0-9._%+\-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\b",
    ),
    _pattern("personal.card", (), rb"\b[0-9](?:[ .\-]?[0-9]){12,}\b", _cards),
    _pattern("personal.iban", (), rb"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", _iban),
    _pattern(
        "personal.phone", (b"+", b"00"), rb"(?:\+|\b00)[1-9](?:[ ().\-/]{0,2}[0-9]){7,14}\b", _whole(checks.phone)
    ),
    _pattern("personal.ip", (b".",), rb"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", _whole(checks.address)),
    _pattern(
        "personal.ip",
        (b"::", b":"),
        rb"(?:\b[0-9A-Fa-f]{1,4}|:):[0-9A-Fa-f:]*:(?:[0-9A-Fa-f]{1,4}|:)(?:\.[0-9]{1,3}){0,3}",
        _whole(checks.address),
    ),
    _pattern("secret.jwt", (b"eyJ",), rb"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"),
    _pattern(
        "secret.pem",
        (b"-----BEGIN",),
        rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
        rb"(?:-?[A-Za-z0-9+/=\s\\:,.])*(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    _pattern(
        "secret.token",
        (b"_", b"-", b"AKIA", b"ASIA", b"AROA", b"AIDA", b"AIza", b"ya29.", b"SG."),
        rb"\b(?:" + b"|".join(_TOKENS) + rb")",
        _whole(lambda text: any(map(str.isdigit, text))),
    ),
    _pattern(
        "secret.keyed",
        (b":", b"="),
        rb"(?i)\b(?:api[_\- ]?key|access[_\- ]?key|secret|passw(?:or)?d|pwd|token|credential)s?[\"']?\s*(?:[:=]|=>)\s*"
        rb"[\"']?([^\s\"'`,;<>\x00" + "‹›".encode() + rb"]{10,})",
        _whole(checks.random_looking, group=1),
    ),
    _pattern(
        "link.mismatch",
        (b"](",),
        rb"\[([^\[\]\x00\n]+)\]\(\s*<?([a-z][a-z0-9+.\-]*:[^()\s<>\x00]+)[^()\x00]*\)?",
        _link(1, 2),
    ),
    _pattern(
        "link.mismatch",
        (b"href", b"HREF"),
        rb"(?i)<a\s[^<>\x00]*href\s*=\s*[\"']?([^\s\"'<>\x00]+)[^<>\x00]*>([^<>\x00]+)</a",
        _link(2, 1),
    ),
    _pattern("injection.hint", (), rb"(?i)(?:" + b"|".join(_INJECTION) + b")"),
)
"""Every pattern there is; `injection.hint` only ever raises risk."""
