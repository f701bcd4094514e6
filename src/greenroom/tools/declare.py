"""The decorator with which a team declares what a function may do to the world.

Invariant: it only notes the declaration; the function stays what it was and can be called and tested as such.
Importing this file costs nothing: it needs the standard library alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__greenroom_tool__"


class Declaration(NamedTuple):
    """What `tool` was told. An empty name means `<file>.<function>`."""

    name: str
    effects: Literal["none", "repeatable", "once"]
    reversible: bool
    timeout_seconds: float
    output_limit: int
    outbound: bool
    sensitivity: Literal["public", "internal", "personal", "secret"]
    untrusted: bool = False


def tool(
    name: str = "",
    *,
    effects: Literal["none", "repeatable", "once"] = "once",
    reversible: bool = False,
    timeout: float = 30.0,
    output_limit: int = 20_000,
    outbound: bool = False,
    sensitivity: Literal["public", "internal", "personal", "secret"] = "internal",
    untrusted: bool = False,
) -> Callable[[F], F]:
    """Declare a function as a tool. Its parameters come from the signature, the words from a Google style docstring.

    Args:
        name: dotted lower-case name, such as `orders.refund`; `<file>.<function>` if left out.
        effects: `none` reads only; `repeatable` may run twice with the same outcome; `once` must not.
        reversible: whether what it does can be undone.
        timeout: seconds it may take.
        output_limit: characters of its result that a model gets to read.
        outbound: whether it sends something out of the house.
        sensitivity: of what it returns.
        untrusted: whether its result may hold text of strangers (web pages, mail): that taints the session.

    A keyword parameter `idempotency_key: str` is given the call's key, `workspace: Path` the workspace's folder; a
    model sees neither. A function says no by raising `ValueError("why")`.
    """
    if not isinstance(name, str):
        raise TypeError("write @tool() with brackets")
    declaration = Declaration(name, effects, reversible, timeout, output_limit, outbound, sensitivity, untrusted)

    def mark(function: F) -> F:
        setattr(function, _MARK, declaration)
        return function

    return mark


def declaration_of(value: object) -> Declaration | None:
    """What was declared about a function, or None."""
    found = getattr(value, _MARK, None)
    return found if isinstance(found, Declaration) else None
