"""The tools that a recorded contract had, as its log keeps them.

Invariant: nothing of them runs.
"""

from __future__ import annotations

import json

from greenroom.assembly.casting import OTHER_TOOLS
from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolSpec
from greenroom.engine.contract import Contract


def recorded_tools(contract: Contract) -> tuple[ToolSpec, ...]:
    """Every tool the policies of a recorded contract may name."""
    return (*contract.tools, *recorded_specs(contract.texts.get(OTHER_TOOLS, "[]")))


def recorded_specs(text: str) -> tuple[ToolSpec, ...]:
    """Tools as a log keeps them.

    Raises:
        FileInvalid: they were kept in another form.
    """
    try:
        return tuple(ToolSpec.model_validate(spec) for spec in json.loads(text))
    except (TypeError, ValueError):  # what pydantic and json raise are ValueErrors
        raise FileInvalid("were kept in another form by another Greenroom", where="the recorded tools") from None
