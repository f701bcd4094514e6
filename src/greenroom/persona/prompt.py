"""A prompt template filled with the variables its persona declares.

Invariant: only `{{ name }}` is replaced, in one pass and as plain text. No expression is evaluated, a value that holds
braces is not filled again, and other braces (JSON, code) stay as they are written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import suggest

_VARIABLE = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}")
_EXPRESSION = re.compile(r"\{%|\{\{[ \t]*[A-Za-z_][A-Za-z0-9_]*[ \t]*[|.(\[]")


def fill(template: str, variables: Mapping[str, str], file: str = "prompt.md") -> str:
    """The template with each `{{ name }}` replaced by its value.

    Raises:
        FileInvalid: the first variable, in reading order, that has no value; `file` and its line are named.
    """
    for name, line in names(template).items():
        if name not in variables:
            raise _without_value(name, f"{file}:{line}", variables)
    return _VARIABLE.sub(lambda found: variables[found.group(1)], template)


def names(template: str) -> dict[str, int]:
    """Each variable the template names, with the line (from 1) of its first use, in reading order."""
    found: dict[str, int] = {}
    for number, text in enumerate(template.split("\n"), 1):
        for match in _VARIABLE.finditer(text):
            found.setdefault(match.group(1), number)
    return found


def expressions(template: str) -> tuple[int, ...]:
    """Lines (from 1) that look as if a template engine should work on them; nothing here does."""
    return tuple(number for number, text in enumerate(template.split("\n"), 1) if _EXPRESSION.search(text))


def _without_value(name: str, where: str, variables: Mapping[str, str]) -> FileInvalid:
    near = suggest(name, list(variables)) if variables else ""
    hint = (
        near
        if near.startswith("did you mean")
        else f"declare it in persona.toml: [prompt] variables = {{ {name} = ... }}"
    )
    return FileInvalid(f"the variable '{name}' has no value", where=where, hint=hint, code="prompt.undeclared")
