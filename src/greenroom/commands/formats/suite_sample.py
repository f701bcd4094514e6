"""A sample of a suite's journal, written by the code that owns it."""

from __future__ import annotations

from pydantic import TypeAdapter

from greenroom.core.values import Json
from greenroom.regression.suite.journal import Header, Row, written
from greenroom.regression.suite.matrix import FixtureAsked, Matrix, ModelAsked, PersonaAsked

_AT = "2026-11-20T10:00:00.000000Z"
_PERSONA, _MODEL, _FIXTURE = "aria@1.2.0", "hosted", "refund-over-limit"


def suite() -> str:
    """One fixture three times, two of which have passed so far."""
    matrix = Matrix(
        tier="live",
        fixtures={_FIXTURE: FixtureAsked(digest="0" * 64, persona="aria", runs=3, needed=2)},
        personas={_PERSONA: PersonaAsked(label=_PERSONA, digests={"persona": "1" * 64, "policy": "2" * 64})},
        models={_MODEL: ModelAsked(name="openai/gpt-5-mini")},
    )
    rows = [
        Row(
            fixture=_FIXTURE,
            persona=_PERSONA,
            model=_MODEL,
            number=number,
            kind="passed",
            at=_AT,
            milliseconds=2_100,
            micro_usd=1_800,
            tokens=2_640,
        )
        for number in (1, 2)
    ]
    header = Header(suite="nightly-1", at=_AT, matrix=matrix, usd=0.5)
    return b"".join([written(header), *map(written, rows)]).decode()


def suite_schema() -> Json:
    """The schema of one line: the first says what was asked, every other what one run came to."""
    return {"type": "object", **TypeAdapter(Header | Row).json_schema()}
