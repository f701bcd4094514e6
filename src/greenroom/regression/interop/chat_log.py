"""Plain chat logs: lines such as `Mara: where is my parcel?`, with or without a time before the name.

A line that names nobody goes on with what was said before it; a line of dashes begins another conversation.
Invariant: every line is somebody's words in a conversation, or a loss.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from greenroom.regression.interop.conversation import Conversation, Losses
from greenroom.regression.interop.messages import closed, turns_of

_TIME = r"\d{4}-\d{2}-\d{2}[T ]?|\d{1,2}[./]\d{1,2}[./]\d{2,4},? ?"
_LINE = re.compile(
    rf"[\[(]?(?:{_TIME})?(?:\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\.\d{{1,6}})?Z?(?: ?[AaPp][Mm])?)?[\])]?(?: - | |)"
    r"[*<]{0,2}(?P<name>[^\W\d_][\w .'’-]{0,39}?)[*>]{0,2} ?: ?[*]{0,2}(?:\s+|$)(?P<text>.*)"
)
_BREAK = re.compile(r"\s*(?:-{3,}|={3,}|\*{3,}|#{1,6} .*)\s*")
_PERSON = {"user", "customer", "human", "me", "you", "client", "visitor", "guest", "caller", "person", "question", "q"}
_MODEL = {"assistant", "bot", "agent", "ai", "model", "support", "chatbot", "answer", "a", "gpt", "chatgpt", "claude"}
_SYSTEM = {"system"}


def looks_like_one(text: str) -> bool:
    """Whether a text has at least two lines of somebody's words, and begins with one."""
    lines = [line for line in text.split("\n") if line.strip() and not _BREAK.fullmatch(line)][:50]
    said = [line for line in lines if _LINE.fullmatch(line)]
    return len(said) >= 2 and bool(lines) and lines[0] == said[0]


def read(text: str, file: str, names: Iterable[str], losses: Losses) -> list[Conversation]:
    """The conversations of a log; `names` are those a persona goes by."""
    persona = {name.casefold() for name in names}
    out = []
    for where, lines in _pieces(text, file):
        said = _said(lines, where, persona, losses)
        roles = _roles([name for name, _ in said], persona, where, losses)
        messages = [{"role": roles[name], "content": words.strip()} for name, words in said if roles.get(name)]
        turns = closed(turns_of(messages, where, losses), where, losses)
        if turns:
            out.append(Conversation(turns, where=where))
    return out


def _pieces(text: str, file: str) -> Iterable[tuple[str, list[str]]]:
    lines: list[str] = []
    begin = 1
    for number, line in enumerate([*text.split("\n"), "---"], 1):
        if not _BREAK.fullmatch(line):
            lines.append(line)
            continue
        if any(one.strip() for one in lines):
            yield f"{file}:{begin}", lines
        lines, begin = [], number + 1


def _said(lines: list[str], where: str, persona: set[str], losses: Losses) -> list[tuple[str, str]]:
    """Who said what; the same one twice in a row said it in one go. `Note: ...`, once, is not a third speaker."""
    counts = Counter(_name(found) for line in lines if (found := _LINE.fullmatch(line)))
    speakers = {name for name, count in counts.items() if count > 1 or len(counts) <= 2}
    speakers |= counts.keys() & (_PERSON | _MODEL | _SYSTEM | persona)
    said: list[tuple[str, str]] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is not None and (name := _name(found)) in speakers:
            if said and said[-1][0] == name:
                said[-1] = (name, said[-1][1] + "\n" + found["text"])
            else:
                said.append((name, found["text"]))
        elif said:
            said[-1] = (said[-1][0], said[-1][1] + "\n" + line)
        elif line.strip():
            losses.note(where, "lines before anybody speaks", "they are nobody's words")
    return said


def _name(found: re.Match[str]) -> str:
    return " ".join(found["name"].casefold().split())


def _roles(names: list[str], persona: set[str], where: str, losses: Losses) -> dict[str, str]:
    """Who is the person, and who the model. Of two that nobody knows, the one who speaks first is the person."""
    known: dict[str, str] = {}
    for name in dict.fromkeys(names):
        if name in persona or name in _MODEL:
            known[name] = "assistant"
        elif name in _PERSON or name in _SYSTEM:
            known[name] = "system" if name in _SYSTEM else "user"
    others = [name for name in dict.fromkeys(names) if name not in known]
    for role in ("user", "assistant"):
        if others and role not in known.values():
            known[others[0]] = role
            losses.note(
                where,
                f"that {others[0]} is the {'person' if role == 'user' else 'persona'}",
                "the log does not say; it is taken from who speaks when",
            )
            others = others[1:]
    for name in others:
        losses.note(where, f"what {name} says", "a conversation has one person and one persona")
    return known
