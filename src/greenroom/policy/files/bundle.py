"""The policy files of a session as one text that can be taken apart again, as logs keep it.

Invariant: `parted(joined(sources))` are the same sources, whatever stands in them: a header says how many lines its file
has, so nothing in a file can pass for a header.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from greenroom.core.errors import FileInvalid
from greenroom.policy.load import PolicySource

_HEADER = re.compile(r'#: (?P<lines>[1-9][0-9]{0,8}) lines? of (?P<file>"(?:[^"\\]|\\.)*")')


def joined(sources: Sequence[PolicySource]) -> str:
    """One text: before each file a comment line with its number of lines and its name."""
    return "\n".join(f"{_header(source)}\n{source.text}" for source in sources)


def parted(text: str) -> tuple[PolicySource, ...]:
    """The files that `joined` was given, in their order.

    Raises:
        FileInvalid: the text is not one that `joined` makes.
    """
    lines = text.split("\n") if text else []
    found: list[PolicySource] = []
    here = 0
    while here < len(lines):
        header = _HEADER.fullmatch(lines[here])
        end = here + 1 + (int(header["lines"]) if header else 0)
        if header is None or end > len(lines):
            raise FileInvalid(
                "the policy files in the log cannot be told apart",
                where=f"line {here + 1} of the policy text",
                hint="the session was recorded by an older Greenroom",
                code="policy.bundle",
            )
        found.append(PolicySource(json.loads(header["file"]), "\n".join(lines[here + 1 : end])))
        here = end
    return tuple(found)


def _header(source: PolicySource) -> str:
    count = source.text.count("\n") + 1
    return f"#: {count} {'line' if count == 1 else 'lines'} of {json.dumps(source.file)}"
