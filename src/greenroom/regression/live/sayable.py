"""Whether a live run can say what the person said: a placeholder is not what they said, and no model knows what it stands for.

Invariant: a persona is not judged by words that nobody ever said to it.
"""

from __future__ import annotations

from greenroom.core.errors import UsageError
from greenroom.regression.live.start import Start
from greenroom.regression.replay.world import World
from greenroom.regression.tape.replaced import masks_in

UNSAYABLE = "live.unsayable"
"""The code of that error: it is the fixture's, whatever the model, the persona and the money."""
BEGIN_LATER = "begin after that turn with --from, or leave this fixture out"
SAY_IT_ANEW = "whatever the model; record it anew with words in which nothing is to be masked"


def require_sayable(world: World, start: Start, hint: str = BEGIN_LATER) -> None:
    """Nothing, if the words of every turn that begins live are words. `hint` is what can be done about it where it is told.

    Raises:
        UsageError: in one there is a placeholder for a value that is in no file.
    """
    for turn, words in world.turns:
        if (turn, 1) < (start.turn, start.reply):
            continue
        if hidden := sorted(world.known.placeholders & masks_in(words)):
            raise UsageError(
                f"turn {turn} says {' and '.join(hidden[:3])}, which stands for what the person said and is in no file, so a "
                "live run cannot say it",
                hint=hint,
                code=UNSAYABLE,
            )
