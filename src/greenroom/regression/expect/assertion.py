"""One expectation of a case: which turns it is about, and everything that must hold there.

Invariant: closed; an unknown key, or an expectation that expects nothing, is an error when the case is read.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator

from greenroom.core.values import Frozen
from greenroom.regression.expect.bounds import LimitsExpected, VoiceExpected
from greenroom.regression.expect.calls import CallExpected, Tool
from greenroom.regression.expect.context import MemoryExpected, PassagesExpected
from greenroom.regression.expect.decisions import ApprovalExpected, VerdictExpected
from greenroom.regression.expect.own import Custom
from greenroom.regression.expect.replies import TextExpected
from greenroom.regression.expect.stated import Stated
from greenroom.regression.expect.trajectory import ToolsExpected
from greenroom.regression.expect.written import one_of

_RANGE = re.compile(r"([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?")


def _turns(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value == "any" or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    if isinstance(value, str) and (found := _RANGE.fullmatch(value)) and int(found[2] or found[1]) >= int(found[1]):
        return value
    raise ValueError(f"'{value}' is not a turn: write a number, a range such as '2-4', or 'any'")


def _form(value: Any) -> str:
    return "name" if isinstance(value, str) else "names"


Turns = Annotated[
    int | str,
    BeforeValidator(_turns),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": rf"^(any|{_RANGE.pattern})$"}]}
    ),
]
Finish = Literal["answered", "refused", "limited", "stopped", "abandoned"]
Tools = Annotated[
    Annotated[Tool, Tag("name")] | Annotated[tuple[Tool, ...], Field(min_length=1), Tag("names")], Discriminator(_form)
]


class Never(Stated):
    """What must not happen in any of the turns, not even in one that was given up: replies of such a `text`, a call to a
    `tool` (or to one of several), such a `call`, such a verdict. A call counts here even if it could not be made.
    """

    text: TextExpected | None = None
    tool: Tools | None = None
    call: CallExpected | None = None
    verdict: VerdictExpected | None = None


_OF_ONE_TURN = frozenset({"call", "approval", "verdict", "text", "passages", "memory", "finish"})
_KINDS = sorted(_OF_ONE_TURN | {"tools", "voice", "limits", "never", "custom", "not", "any_of"})


class Assertion(Frozen):
    """One expectation. `call`, `approval`, `verdict`, `text`, `passages`, `memory` and `finish` must hold together in
    one of the turns; `tools`, `voice`, `limits`, `never` and `custom` over all of them, as does what must be nowhere:
    `text.absent`, `passages.excludes`, `memory.never_written` and `approval.asked = false`. A turn that was given up
    counts like any other: what was said and done in it was said and done.

    `not` is an expectation that must not hold over these turns, `any_of` are some of which one must. Both may name a
    `turn` of their own among these.
    """

    model_config = ConfigDict(json_schema_extra=one_of(*_KINDS))

    turn: Turns = "any"
    call: CallExpected | None = None
    approval: ApprovalExpected | None = None
    verdict: VerdictExpected | None = None
    text: TextExpected | None = None
    passages: PassagesExpected | None = None
    memory: MemoryExpected | None = None
    finish: Finish | None = None
    tools: ToolsExpected | None = None
    voice: VoiceExpected | None = None
    limits: LimitsExpected | None = None
    never: Never | None = None
    custom: Custom | None = None
    not_: Assertion | None = Field(default=None, alias="not")
    any_of: Annotated[tuple[Assertion, ...], Field(min_length=1, max_length=50)] | None = None

    @model_validator(mode="after")
    def _expects_something(self) -> Assertion:
        if not self.model_fields_set - {"turn"}:
            raise ValueError('expects nothing: write what must hold, such as text = { contains = "..." }')
        return self

    def covers(self, turn: int) -> bool:
        """Whether this is about turn `turn`."""
        if isinstance(self.turn, int):
            return turn == self.turn
        if self.turn == "any":
            return True
        found = _RANGE.fullmatch(self.turn)
        return found is not None and int(found[1]) <= turn <= int(found[2] or found[1])

    @property
    def of_one_turn(self) -> bool:
        """Whether anything of it must hold in one turn."""
        return bool(self.model_fields_set & _OF_ONE_TURN)
