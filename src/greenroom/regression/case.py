"""The case: why a fixture exists and what is expected of it, in a file people write (schema case/1).

Invariant: nothing here writes over a case file; an unknown key is an error with a suggestion.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from greenroom.core.canonical import clean_text
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.inert import inert_line
from greenroom.core.toml_text import parse, positions
from greenroom.core.values import Frozen
from greenroom.regression.expect.against_tape import CaseMatch
from greenroom.regression.expect.assertion import Assertion, Never, Turns
from greenroom.regression.expect.bounds import Bounds, LimitsExpected, VoiceExpected
from greenroom.regression.expect.calls import CallExpected
from greenroom.regression.expect.context import MemoryExpected, PassagesExpected
from greenroom.regression.expect.decisions import ApprovalExpected, VerdictExpected
from greenroom.regression.expect.matcher_schema import described
from greenroom.regression.expect.replies import TextExpected
from greenroom.regression.expect.said import Line
from greenroom.regression.expect.similar import Nearness
from greenroom.regression.expect.trajectory import ToolsExpected
from greenroom.regression.expect.written import Count, Number, one_of
from greenroom.regression.tape.tape import SUFFIX as TAPE
from greenroom.workspace.own_file import read_regular

__all__ = [
    "ApprovalExpected",
    "Assertion",
    "Bounds",
    "CallExpected",
    "Case",
    "CaseMatch",
    "LimitsExpected",
    "LiveExpected",
    "LiveText",
    "MemoryExpected",
    "Never",
    "PassagesExpected",
    "TextExpected",
    "ToolsExpected",
    "Turns",
    "VerdictExpected",
    "VoiceExpected",
    "case_path",
    "line_of_assertion",
    "load_case",
    "place_of_assertion",
    "require_tag",
]

SUFFIX = ".case.toml"
MAX_BYTES = 1_000_000
_NAMED = re.compile(r"assert\[([0-9]{1,4})\]")
_MARKS = frozenset({"filterwarnings", "parametrize", "skipif", "tryfirst", "trylast", "usefixtures"})
"""Marks that pytest acts on. `skip` and `xfail` are not among them: they mean something here too."""


_TAG = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
Tag = Annotated[str, Field(pattern=_TAG, json_schema_extra={"not": {"enum": sorted(_MARKS)}})]


def require_tag(word: str) -> None:
    """Nothing, unless a fixture cannot be selected by this word.

    Raises:
        UsageError: it cannot.
    """
    if re.fullmatch(_TAG, word) is None or word in _MARKS:
        hint = "a letter, then up to 63 letters, digits, '-' and '_', and no mark of pytest's own"
        raise UsageError(f"'{inert_line(word, 40)}' cannot be a tag", hint=hint, code="fixture.tag")


class LiveText(Frozen):
    """How near a live reply must come to the recorded one: `similar` by an embedder's measure (0 to 1), or a `judge`
    (a rubric file, from the workspace) that a model reads, with so many `votes`: `[models.judge]` of greenroom.toml
    where there is one, else the model that spoke.
    """

    model_config = ConfigDict(json_schema_extra=one_of("similar", "judge"))

    similar: Nearness | None = None
    judge: Line | None = None
    votes: Annotated[Count, Field(le=15)] = 1

    @model_validator(mode="after")
    def _expects_something(self) -> LiveText:
        if self.similar is None and self.judge is None:
            raise ValueError("expects nothing: write 'similar' or 'judge'")
        return self


class LiveExpected(Frozen):
    """What a live run is held to: `pass_k` of `runs` must pass, for at most `usd` and `milliseconds` a run."""

    runs: Annotated[Count, Field(le=1_000)] = 1
    pass_k: Count | None = None
    usd: Number | None = Field(default=None, ge=0)
    milliseconds: Count | None = None
    text: LiveText | None = None


_MISSING = "is missing, and nothing says what is expected of its tape"
_WRITE_ONE = 'bring it back, or write one that begins with schema = "case/1" and why = "..."'


class Case(Frozen):
    """Why a recording is kept and what is expected of it.

    `good`: the expectations hold. `bad`: they describe what went wrong, and must not hold together any more; with none, the
    answer that the recording ends with must not come back word for word.
    `observe`: the recording is replayed, the expectations are not judged. `match` says how near a live run's tool calls
    must come to those of the tape. `tags` are markers to pytest, where `skip` (it is not replayed) and `xfail` (it is
    expected not to pass) mean what they mean for any test; marks of pytest's own that mean nothing here are refused.
    """

    schema_: Literal["case/1"] = Field(alias="schema")
    why: str = ""
    expect: Literal["good", "bad", "observe"] = "good"
    tags: tuple[Tag, ...] = ()
    match: CaseMatch | None = None
    assert_: tuple[Assertion, ...] = Field(default=(), alias="assert")
    live: LiveExpected | None = None

    @classmethod
    def model_json_schema(cls, *args: Any, **named: Any) -> dict[str, Any]:
        """As pydantic makes it, with the matchers that stand for values described."""
        return described(super().model_json_schema(*args, **named))

    @field_validator("tags")
    @classmethod
    def _no_mark_of_pytests_own(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        for tag in tags:
            if tag in _MARKS:
                raise ValueError(
                    f"'{tag}' is a mark of pytest's own, which says nothing of a fixture: choose another word"
                )
        return tags


def stated(case: Case) -> int:
    """How many things a case expects; those of one `[[assert]]` must hold together."""
    return sum(len(one.model_fields_set - {"turn"}) for one in case.assert_)


def case_path(tape: Path) -> Path:
    """The case that belongs to a tape."""
    return tape.with_name(tape.name.removesuffix(TAPE) + SUFFIX)


def place_of_assertion(case: Path, told: str) -> str:
    """`refund.case.toml:14`, where the expectation begins that a failure names, so that nobody has to count; '' where none is
    named, or the file cannot be read.
    """
    line = line_of_assertion(case, told)
    return f"{case.name}:{line}" if line else ""


def line_of_assertion(case: Path, told: str) -> int:
    """The line, from 1, at which the expectation begins that a failure names by its key (`assert[2] turn 1: ...`); 0 where
    none is named, or the file cannot be read.
    """
    named = _NAMED.match(told)
    if named is None:
        return 0
    try:
        lines = positions(read_regular(case, MAX_BYTES, links=True).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return 0
    return lines.get(("assert", int(named[1])), 0)


def load_case(path: Path, shown: str = "") -> Case:
    """The case in `path`.

    Raises:
        FileInvalid: it is missing, or cannot be read, with file, line and key path.
    """
    file = shown or path.name
    try:
        data = read_regular(path, MAX_BYTES, links=True)
    except FileNotFoundError:
        raise FileInvalid(_MISSING, where=file, hint=_WRITE_ONE) from None
    except OSError as error:
        raise FileInvalid(f"cannot be read: {error.strerror}", where=file) from None
    if len(data) > MAX_BYTES:
        raise FileInvalid("larger than 1 MB", where=file)
    try:
        return parse(clean_text(data.decode("utf-8-sig")), Case, file)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileInvalid("not UTF-8 text", where=f"{file}:{line}", hint="save it as UTF-8") from None
