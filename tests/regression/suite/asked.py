"""Suites made up for tests: what was asked, and rows."""

from __future__ import annotations

from typing import Any

from greenroom.regression.suite.journal import Header, Row
from greenroom.regression.suite.matrix import FixtureAsked, Matrix, ModelAsked, PersonaAsked

AT = "2026-11-20T10:00:00.000000Z"


def header(
    fixtures: tuple[str, ...] = ("aa", "bb"),
    personas: tuple[str, ...] = ("ada@0.9.0", "ada"),
    models: tuple[str, ...] = ("m",),
    runs: int = 3,
    *,
    suite: str = "s",
    tier: Any = "live",
) -> Header:
    """What a suite was asked to run."""
    matrix = Matrix(
        tier=tier,
        fixtures={name: FixtureAsked(digest="d", persona="ada", runs=runs, needed=runs) for name in fixtures},
        personas={word: PersonaAsked(label=word, digests={"persona": word}) for word in personas},
        models={word: ModelAsked(name=word) for word in models},
    )
    return Header(suite=suite, at=AT, matrix=matrix)


def row(fixture: str, persona: str, number: int, kind: Any = "passed", **more: Any) -> Row:
    """One run that ended."""
    return Row(fixture=fixture, persona=persona, model="m", number=number, kind=kind, at=AT, **more)


def cell(fixture: str, persona: str, passed: int, failed: int) -> list[Row]:
    """All runs of a cell."""
    kinds = ["passed"] * passed + ["failed"] * failed
    return [row(fixture, persona, number, kind, line="no") for number, kind in enumerate(kinds, 1)]
