"""The case: why a fixture exists and what is expected of it, in a file people write (schema case/1).

Invariant: nothing here writes over a case file; an unknown key is an error with a suggestion.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from greenroom.core.canonical import clean_text
from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.core.values import Effect, Frozen, Hook, Json

SUFFIX = ".case.toml"
MAX_BYTES = 1_000_000
_RANGE = re.compile(r"([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?")


def _turns(value: int | str) -> int | str:
    if value == "any" or (isinstance(value, int) and value > 0):
        return value
    if isinstance(value, str) and _RANGE.fullmatch(value):
        return value
    raise ValueError(f"'{value}' is not a turn: write a number, a range such as '2-4', or 'any'")


def _pattern(text: str) -> str:
    import re2  # type: ignore[import-untyped]  # ships no types; linear time: a hostile case must not stall a run

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


Turns = Annotated[int | str, AfterValidator(_turns)]
Line = Annotated[str, Field(min_length=1)]
Lines = Line | tuple[Line, ...]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]


class CallExpected(Frozen):
    """A tool call that was made. `args` are compared as `match` says; `{ approx = 90, within = 1 }` stands for a number."""

    tool: Line
    args: dict[str, Json] = Field(default_factory=dict)
    match: Literal["subset", "exact"] = "subset"
    status: Literal["done", "failed", "timed_out", "invalid", "denied", "unknown"] | None = None


class ApprovalExpected(Frozen):
    """What a person decided; `asked = false` says that nobody was asked."""

    decision: Literal["allow", "deny", "edit", "simulate", "stop"] | None = None
    asked: bool | None = None


class VerdictExpected(Frozen):
    """A verdict that was reached."""

    rule: Line | None = None
    effect: Effect | None = None
    hook: Hook | None = None


class TextExpected(Frozen):
    """The words the person got to read: all of `contains`, the `regex` (RE2), none of `absent`. Case counts."""

    contains: Lines = ()
    regex: Pattern | None = None
    absent: Lines = ()


class Never(Frozen):
    """What must not happen in any of the turns."""

    text: TextExpected | None = None
    tool: Line | None = None
    verdict: VerdictExpected | None = None


class PassagesExpected(Frozen):
    """Passages that went into the prompt, by `source#heading` or `source`, each within the first `at_most_rank`."""

    includes: Lines
    at_most_rank: int | None = Field(default=None, ge=1)


class MemoryExpected(Frozen):
    """Memories that were written: the text under each key."""

    write: dict[str, str]


class LimitsExpected(Frozen):
    """The most that may be used, over the turns looked at."""

    model_calls: int | None = Field(default=None, ge=0)
    tool_calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)


class Assertion(Frozen):
    """One expectation. All that is given must hold together in one of the turns; `never` and `limits` over all of them."""

    turn: Turns = "any"
    call: CallExpected | None = None
    approval: ApprovalExpected | None = None
    verdict: VerdictExpected | None = None
    text: TextExpected | None = None
    passages: PassagesExpected | None = None
    memory: MemoryExpected | None = None
    never: Never | None = None
    limits: LimitsExpected | None = None

    def covers(self, turn: int) -> bool:
        """Whether this is about turn `turn`."""
        if self.turn == "any":
            return True
        match = _RANGE.fullmatch(str(self.turn))
        return match is not None and int(match[1]) <= turn <= int(match[2] or match[1])


class LiveText(Frozen):
    """How near a live reply must come to the recorded one: `similar` by an embedder's measure (0 to 1), or a `judge`
    (a rubric file, from the workspace) that a model reads, with so many `votes`.
    """

    similar: float | None = Field(default=None, ge=0, le=1)
    judge: Line | None = None
    votes: int = Field(default=1, ge=1, le=15)


class LiveExpected(Frozen):
    """What a live run is held to: `pass_k` of `runs` must pass, for at most `usd` and `milliseconds` a run."""

    runs: int = Field(default=1, ge=1, le=1_000)
    pass_k: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, ge=0)
    milliseconds: int | None = Field(default=None, ge=1)
    text: LiveText | None = None


class Case(Frozen):
    """Why a recording is kept and what is expected of it.

    `good`: the expectations hold. `bad`: they describe what went wrong, and must not hold together any more.
    `observe`: the recording is replayed, the expectations are not judged.
    """

    schema_: Literal["case/1"] = Field(alias="schema")
    why: str = ""
    expect: Literal["good", "bad", "observe"] = "good"
    tags: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")], ...] = ()
    assert_: tuple[Assertion, ...] = Field(default=(), alias="assert")
    live: LiveExpected | None = None


def case_path(tape: Path) -> Path:
    """The case that belongs to a tape."""
    return tape.with_name(tape.name.removesuffix(".tape.jsonl") + SUFFIX)


def load_case(path: Path, shown: str = "") -> Case:
    """The case in `path`; an empty one if there is no such file.

    Raises:
        FileInvalid: it cannot be read, with file, line and key path.
    """
    file = shown or path.name
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Case(schema="case/1")
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=file) from None
    if len(data) > MAX_BYTES:
        raise FileInvalid("larger than 1 MB", where=file)
    try:
        return parse(clean_text(data.decode("utf-8-sig")), Case, file)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileInvalid("not UTF-8 text", where=f"{file}:{line}", hint="save it as UTF-8") from None
