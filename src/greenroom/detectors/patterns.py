"""The built-in patterns: some fifteen, literal-anchored, on a linear-time engine.

Invariant: no pattern can match a NUL byte, so that one search over many strings never runs from one into the next;
only `text.control`, which looks for such characters, is found elsewhere.
"""

from __future__ import annotations

import re
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


def _email(match: Any, _budget: list[int]) -> Spans:
    """Neither `photo@2x.png` nor the user part of an address such as `https://shop@evil.test`."""
    if not _IN_URL.search(_before(match, 80)) and not checks.file_name(_text(match)):
        yield match.span()


def _cards(match: Any, budget: list[int]) -> Spans:
    offset = match.start()
    for start, end in checks.card_spans(_text(match), budget):
        yield offset + start, offset + end


def _iban(match: Any, budget: list[int]) -> Spans:
    """An IBAN that begins here; the match is its beginning only, so that it hides no other one behind it."""
    budget[0] -= 1
    start = match.start()
    run = _IBAN_RUN.match(match.string, start, start + _LONGEST_IBAN)
    if budget[0] > 0 and run and (end := checks.iban_end(run.group().decode())):
        yield start, start + end


def _phone(match: Any, _budget: list[int]) -> Spans:
    """Not `x+1234567890`, and not `0044` in the middle of a longer number."""
    text = _text(match)
    if checks.phone(text) and not (_JOINED if text[0] == "+" else _NUMBERED).search(_before(match, 2)):
        yield match.span()


def _ip(match: Any, _budget: list[int]) -> Spans:
    """Not the version `1.2.3.4`, nor four parts of an object identifier or section number."""
    longer = _before(match, 1) == b"." or _DOTTED.match(_after(match, 2))
    if checks.address(_text(match)) and not longer and not _VERSION.search(_before(match, 12)):
        yield match.span()


def _ip6(match: Any, _budget: list[int]) -> Spans:
    """Not `Ada::Bee` of a program."""
    text = _text(match)
    if any(map(str.isdigit, text)) and not _IN_NAME.match(_after(match, 1)) and checks.address(text):
        yield match.span()


def _keyed(match: Any, _budget: list[int]) -> Spans:
    """The value without the full stop or bracket that ends the sentence around it."""
    start, end = match.span(1)
    value = _text(match, 1)
    ended = len(value) - len(value.rstrip(".):"))
    if checks.random_looking(value[: len(value) - ended] or value) and not _PLACE.match(value):
        yield start, end - ended


def _link(shown: int, target: int) -> Check:
    def check(match: Any, _budget: list[int]) -> Spans:
        if checks.other_host(_TAG.sub("", _text(match, shown)).strip(), _text(match, target)):
            yield match.span()

    return check


def _text(match: Any, group: int = 0) -> str:
    raw: bytes = match.group(group)
    return raw.decode("utf-8", "replace")


def _before(match: Any, size: int) -> bytes:
    data: bytes = match.string
    return data[max(0, match.start() - size) : match.start()]


def _after(match: Any, size: int) -> bytes:
    data: bytes = match.string
    return data[match.end() : match.end() + size]


# What stands around a match, at most as far as `_before` and `_after` look.
_IN_URL = re.compile(rb"//[^\s/]*\Z")
_JOINED = re.compile(rb"[\w+]\Z")
_NUMBERED = re.compile(rb"[0-9][ \-]?\Z")
_IBAN_RUN = re.compile(rb"(?:[A-Za-z0-9][ \-]?)*")
_LONGEST_IBAN = 68
_DOTTED = re.compile(rb"\.[0-9]")
_VERSION = re.compile(rb"(?i)(?:\bv|version|ver\.|section|build|release)[\s\"'=:]*\Z")
_IN_NAME = re.compile(rb"[\w:]")
_PLACE = re.compile(r"~?/|\w+://")
"""A path or an address: what stands beside `token:` and is none."""
_TAG = re.compile(r"<[^<>]*>")


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
    rb"xapp-[A-Za-z0-9\-]{20,}",
    rb"gl(?:rt|dt|ft|soat|cbt)-[A-Za-z0-9_\-]{16,}",  # GitLab's other kinds
    rb"hv[sb]\.[A-Za-z0-9_\-]{24,}",  # Vault
    rb"glsa_[A-Za-z0-9_]{32,}",  # Grafana
    rb"rubygems_[0-9a-f]{40,}",
    rb"dapi[0-9a-f]{32}",  # Databricks
    rb"ATATT3[A-Za-z0-9_\-=]{20,}",  # Atlassian
    rb"(?:PMAK|NRAK|tskey)-[A-Za-z0-9\-]{20,}",  # Postman, New Relic, Tailscale
    rb"[0-9]{8,10}:AA[A-Za-z0-9_\-]{30,}",  # Telegram
    rb"hooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]{16,}",
)
_KEYWORD = (
    rb"(?:api|access|secret|private|signing|client|auth|bearer)[_\- ]?(?:key|token|secret)s?"
    rb"|secrets?|passw(?:or[dt]s?|d)|passphrase|pwd|tokens?|credentials?|kennwort|wachtwoord|mot de passe|contrase\x{f1}a"
)
_IS = rb"(?:is|ist|lautet|est|es|was|war)"
_VALUE = rb"[^\s\"'`,;<>\x00" + "‹›".encode() + rb"]{8,}"
_INJECTION = (
    (
        rb"\b(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}(?:previous|prior|above|earlier|preceding|your)\s+"
        rb"(?:\w+\s+){0,2}(?:instructions?|rules?|prompts?|system\s+messages?|guidelines)"
    ),
    rb"\byou\s+are\s+now\s+(?:in\s+\w+\s+mode|an?\s+unrestricted|dan\b)",
    rb"\b(?:reveal|print|show|repeat|output)\s+(?:\w+\s+){0,3}system\s+prompt",
    rb"\bnew\s+(?:system\s+)?instructions?\s*:",
    rb"\b(?:do\s+not|don't|never)\s+(?:tell|inform|alert|notify)\s+the\s+user\b",
    rb"\bignorier\w*\s+(?:\w+\s+){0,3}(?:vorherigen?|bisherigen?|obigen?)\s+(?:\w+\s+){0,2}(?:anweisung|regel)\w*",
    rb"\b(?:ignore[zr]?|oublie[zr]?)\s+(?:\w+\s+){0,3}(?:instructions|consignes)\s+(?:pr\x{e9}c\x{e9}dentes|ci-dessus)",
    rb"\b(?:ignor[ae]|olvid[ae])\s+(?:\w+\s+){0,3}(?:instrucciones|reglas)\s+(?:anteriores|previas)",
    "忽略(?:之前|以上|先前|前面)的?(?:所有)?的?(?:指示|指令|说明)".encode(),
    rb"<\|(?:im_start|im_end|system|endoftext)\|>|\[/?INST\]|<</?SYS>>",
)

_NAME = rb"\p{Latin}\p{Cyrillic}\p{Greek}0-9"

PATTERNS: tuple[Pattern, ...] = (
    _pattern(
        "personal.email",
        (b"@",),
        rb"[" + _NAME + rb"_][" + _NAME + rb"._%+'\-]*@"
        rb"(?:[" + _NAME + rb"](?:[" + _NAME + rb"\-]*[" + _NAME + rb"])?\.)+[\p{Latin}\p{Cyrillic}\p{Greek}]{2,24}",
        _email,
    ),
    _pattern("personal.card", (), rb"(?:\b|_)[0-9](?:[ .\-]{0,2}[0-9]){12,}(?:\b|_)", _cards),
    _pattern("personal.iban", (), rb"(?i)\b[A-Z]{2}[ \-]?[0-9]{2}[ \-]?[A-Z0-9]", _iban),
    _pattern("personal.phone", (b"+", b"00"), rb"(?:\+|\b00)[1-9](?:[ ().\-/]{0,2}[0-9]){7,14}\b", _phone),
    _pattern("personal.ip", (b".",), rb"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", _ip),
    _pattern(
        "personal.ip",
        (b"::", b":"),
        rb"(?:\b[0-9A-Fa-f]{1,4}|:):[0-9A-Fa-f:]*:(?:[0-9A-Fa-f]{1,4}|:)(?:\.[0-9]{1,3}){0,3}",
        _ip6,
    ),
    _pattern(
        "secret.jwt",
        (b"eyJ",),
        rb"\beyJ[\w\-]{8,}(?:\.[\w\-]*\.[\w\-]{8,}\.[\w\-]{8,}\.[\w\-]+|\.[\w\-]{8,}\.[\w\-]*)",
    ),
    _pattern(
        "secret.pem",
        (b"-----BEGIN",),
        rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
        rb"(?:-?[A-Za-z0-9+/=\s\\:,.])*(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    _pattern(
        "secret.token",
        (
            b"_",
            b"-",
            b"AKIA",
            b"ASIA",
            b"AROA",
            b"AIDA",
            b"AIza",
            b"ya29.",
            b"SG.",
            b"hv",
            b"dapi",
            b":AA",
            b"ATATT3",
            b"/T",
        ),
        rb"\b(?:" + b"|".join(_TOKENS) + rb")",
        _whole(lambda text: any(map(str.isdigit, text))),
    ),
    _pattern(
        "secret.keyed",
        (b":", b"="),
        rb"(?i)(?:" + _KEYWORD + rb")[\"']?\s*(?:[:=]|=>)\s*[\"']?(" + _VALUE + rb")",
        _keyed,
    ),
    _pattern(
        "secret.keyed",
        (b" i", b" l", b" e", b" w"),
        rb"(?i)\b(?:" + _KEYWORD + rb")\s+" + _IS + rb"\s*:?\s+[\"'`]?(" + _VALUE + rb")",
        _keyed,
    ),
    _pattern(
        "secret.keyed", (b"earer", b"asic", b"EARER", b"ASIC"), rb"(?i)\b(?:bearer|basic)\s+([\w.~+/\-]{12,}=*)", _keyed
    ),
    _pattern(
        "secret.keyed",
        (b"://",),
        rb"://[^\s/:@\"'<>\x00]{1,30}:([^\s/:@\"'<>\x00" + "‹›".encode() + rb"]{6,100})@",
        _keyed,
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
        rb"(?i)<a\s[^<>\x00]*href\s*=\s*[\"']?([^\s\"'<>\x00]+)[^<>\x00]*>((?:[^<\x00]|<[^/\x00]|</[^a\x00])+)</a",
        _link(2, 1),
    ),
    _pattern("injection.hint", (), rb"(?i)(?:" + b"|".join(_INJECTION) + b")"),
)
"""Every pattern there is; `injection.hint` only ever raises risk."""
