"""Which table `[models.NAME]` of greenroom.toml says how a model is reached.

Invariant: a table's own name counts before what a table uses; a full name that several tables use for different servers
or keys stands for none of them, so that what is meant for one server never goes to another.
"""

from __future__ import annotations

from typing import NamedTuple

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.workspace.layout import SETTINGS_FILE
from greenroom.workspace.settings import ModelSettings, Settings


class Reached(NamedTuple):
    """A model by its full name, and how it is reached."""

    name: str
    how: ModelSettings


def table_of(settings: Settings, asked: str) -> str:
    """The name of the table that was asked for; '' where a model was asked for by its full name."""
    return asked if settings.model_name(asked) != asked else ""


def reached(settings: Settings, asked: str) -> Reached:
    """The model that the name of a table or a full name stands for; the defaults where no table says anything of it.

    Raises:
        FileInvalid: it is a full name that several tables use, with another server or key each.
    """
    if asked in settings.models:
        return Reached(settings.model_name(asked), settings.models[asked])
    tables = {name: one for name, one in settings.models.items() if one.use == asked}
    if len({(one.api_base, one.key) for one in tables.values()}) > 1:
        raise _ambiguous(asked, sorted(tables))
    return Reached(asked, next(iter(tables.values()), ModelSettings()))


def require_same(settings: Settings, table: str, model: str) -> None:
    """Nothing, if the table still stands for the model that it stood for.

    Raises:
        FileInvalid: it is gone, or uses another one.
    """
    if table and (table not in settings.models or settings.model_name(table) != model):
        now = f"stands for {settings.model_name(table)} now" if table in settings.models else "is gone"
        raise FileInvalid(
            f"models.{inert_line(table, 60)} {inert_line(now, 100)}, and it stood for {inert_line(model, 100)}",
            where=SETTINGS_FILE,
            hint="name the model to go on with: --model NAME",
            code="model.moved",
        )


def _ambiguous(asked: str, tables: list[str]) -> FileInvalid:
    named = " and ".join(f"[models.{inert_line(one, 60)}]" for one in tables)
    return FileInvalid(
        f"{inert_line(asked, 100)} stands in {named}, with another server or key each",
        where=SETTINGS_FILE,
        hint=f"name the one that is meant: {' or '.join(inert_line(one, 60) for one in tables)}",
        code="model.ambiguous",
    )
