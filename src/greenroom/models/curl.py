"""A request as a command that sends it again: for `sh`, whatever text is in it.

Invariant: what `sh` hands to curl is the body, to the last character, and no text of it is run, expanded or looked at by
a terminal; a key is named by its variable and never written out.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from greenroom.models.litellm_raw import Secret, Wire

_MOST_ARGUMENT = 100_000
"""Bytes; Linux takes 128 KiB for one argument."""
_END = "GREENROOM_END"


def curl(wire: Wire) -> str:
    """The command; a long body goes in by a here-document, because one argument may only be so long."""
    body = plain_json(wire.body)
    lines = [f"curl -sS {shlex.quote(wire.url)}"]
    lines += [f"-H {_header(name, value)}" for name, value in wire.headers.items()]
    if len(body) <= _MOST_ARGUMENT:
        return " \\\n  ".join([*lines, f"--data-binary '{body}'"]) + "\n"
    command = " \\\n  ".join([*lines, "--data-binary @-"])
    return f"{command} <<'{_END}'\n{body}\n{_END}\n"


def plain_json(body: Any) -> str:
    """JSON on one line of plain signs, without those that a shell sees anything in: quotes and `!`, which an
    interactive one takes for its history.
    """
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return text.replace("'", "\\u0027").replace("!", "\\u0021")


def pretty_json(body: Any) -> str:
    """JSON for people, of plain signs alone, so that no terminal or editor is told anything by it."""
    return json.dumps(body, ensure_ascii=True, indent=2)


def _header(name: str, value: str | Secret) -> str:
    if isinstance(value, str):
        return shlex.quote(f"{name}: {value}")
    return f'{shlex.quote(f"{name}: {value.before}")}"${{{value.name}}}"'
