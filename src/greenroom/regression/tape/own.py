"""What a tape brings along of its persona's files: the settings of its own that a variant was made with.

Invariant: they are kept whole beside the tape, so that it replays wherever it is copied to, whatever no file has.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json
from greenroom.regression.tape.parts import Parts
from greenroom.regression.tape.tape import OWN, Tape

KEPT = ("persona", "prompt", "parameters", "knowledge", "policy")
"""What a tape can bring along; the model is named in its first line anyway."""


def kept_of(own: Collection[str]) -> list[Json]:
    """Of what a session has of its own, what its tape brings along."""
    return [part for part in KEPT if part in own]


def own_texts(tape: Tape, parts: Parts, file: str = "tape") -> dict[str, str]:
    """The texts by component.

    Raises:
        FileInvalid: one is not there.
    """
    found = {part: parts.component(tape.digests.get(part, "")) for part in tape.own}
    for part, text in found.items():
        if not text:
            raise FileInvalid(
                f"the variant's own {part} is not beside it",
                where=f"{file}:1",
                hint="restore .parts from git, or export the session again",
                code="tape.own",
            )
    return found


def asked_for(tape: Tape, parts: Parts, file: str = "tape") -> dict[str, Mapping[str, str]]:
    """What a session of this tape is built with beside persona and model. Raises as `own_texts`."""
    texts = own_texts(tape, parts, file)
    return {OWN: texts} if texts else {}


def without_own(tape: Tape) -> Tape:
    """The tape as one that goes by what is on disk."""
    header = {key: value for key, value in tape.header.items() if key != OWN}
    return Tape(header, tape.events, tape.line_numbers)


def told(tape: Tape) -> str:
    """`the variant's own prompt and parameters`; '' where it has nothing of its own."""
    names = ["persona version" if part == "persona" else part for part in tape.own]
    names = [name for name in names if name != "prompt" or "persona version" not in names]
    return f"the variant's own {' and '.join(names)}" if names else ""
