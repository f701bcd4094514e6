"""Fixtures as other tools' files; what cannot be expressed is always listed.

Invariant: only what the tapes hold leaves, which was redacted when they were made, and nothing is written over unasked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Invocation
from greenroom.core.errors import CheckFailed, UsageError
from greenroom.core.values import Json

if TYPE_CHECKING:
    from greenroom.regression.interop.conversation import Losses
    from greenroom.regression.interop.taped import Taped
    from greenroom.regression.tape.parts import Parts


def export_fixtures(asked: Invocation) -> Answer[int]:
    """Write fixtures as another tool's file. The tapes are read, which were redacted when they were made.

    Raises:
        UsageError: no such fixture, none at all, or the file exists.
        FileInvalid: a tape or case is broken.
        DiskFailed: the file could not be written; none is half there.
    """
    from greenroom.regression.find import required
    from greenroom.regression.interop.conversation import Losses, folded
    from greenroom.regression.interop.detect import BY_NAME
    from greenroom.regression.tape.parts import Parts, write_whole

    workspace, out = asked.workspace(), Path(asked.text("out"))
    form = BY_NAME[asked.text("format")]
    if form.write is None:
        raise UsageError(f"{form.about} are read, not written", code="interop.format")
    if out.exists() and not asked.flag("replace"):
        raise UsageError(f"{out} exists", hint="choose another file, or --replace", code="export.exists")
    left = Losses()
    parts, paths = Parts(workspace.fixtures), required(workspace.fixtures, asked.words("name"))
    tapes = [taped for name, path in paths.items() for taped in _taped(name, path, parts, left)]
    if not tapes:
        raise CheckFailed("none of these fixtures has a turn that came to its end", code="export.empty")
    text, losses = form.write(tapes)
    write_whole(out, text.encode())
    left += losses
    data: Json = {
        "format": form.name,
        "out": str(out),
        "fixtures": [taped.name for taped in tapes],
        "losses": [loss._asdict() for loss in left],
    }
    return answer(len(tapes), [f"{counted(len(tapes), 'fixture')} written to {out}"], data, notes=folded(left))


def _taped(name: str, path: Path, parts: Parts, losses: Losses) -> list[Taped]:
    """A fixture as a conversation; none where no turn came to its end."""
    from greenroom.regression.interop.taped import taped_of
    from greenroom.regression.replay.replay import load_fixture
    from greenroom.regression.replay.world import World

    fixture = load_fixture(path, parts)
    World(fixture.tape, fixture.parts, fixture.file)  # every line is looked at before anything reads it
    taped = taped_of(name, fixture.tape, fixture.case, fixture.parts)
    if not taped.conversation.turns:
        losses.note(name, "a fixture", "none of its turns came to its end")
        return []
    return [taped]
