"""Untrusted text made harmless for a terminal: control, bidi, tag and zero-width characters become visible escapes.

Invariant: `inert(text)` holds no code point below 0x20 but newline and tab, none of 0x7f-0x9f, no bidi control,
no tag character and no lone surrogate; it never changes text that has none of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ZERO_WIDTH = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u2028\u2029\u2060-\u2064\ufeff\u3164\uffa0"
_BIDI = "\u202a-\u202e\u2066-\u206f"
_HOSTILE = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_ZERO_WIDTH}{_BIDI}\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)

_HIDDEN_RUN = re.compile(f"(?:(?!\r\n){_HOSTILE.pattern})+")


def inert(text: str) -> str:
    """Text safe to print on several lines. Each hostile character is shown as `\\x1b` or `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return _HOSTILE.sub(_visible, text.replace("\r\n", "\n"))


def inert_line(text: str, limit: int = 0) -> str:
    """Text safe to print on one line: newlines and tabs become spaces; `limit` cuts with an ellipsis."""
    flat = inert(" ".join(text[: limit * 4 + 200 if limit else None].split()))
    return flat[: limit - 1] + "…" if limit and len(flat) > limit else flat


def hidden_count(text: str) -> int:
    """How many characters of `text` a terminal would have hidden or obeyed."""
    if text.isascii() and text.isprintable():
        return 0
    return len(_HOSTILE.findall(text.replace("\r\n", "\n")))


def hidden_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where runs of such characters stand, in code points; the line ending CR LF is not one."""
    if not (text.isascii() and text.isprintable()):
        yield from (run.span() for run in _HIDDEN_RUN.finditer(text))


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
