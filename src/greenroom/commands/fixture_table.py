"""The commands over fixtures: recorded sessions and what is expected of them."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

FIXTURE: tuple[Command, ...] = (
    Command(
        ("fixture", "judge"),
        "Have a model judge labelled replies by a rubric: how far it agrees with people, and where not",
        "greenroom.commands.judge:judge",
        (
            Argument("rubric", "a rubric of the workspace, such as rubrics/tone.md"),
            Argument("labelled", "a JSON Lines file: words, reply, and label pass or fail on each line"),
            Argument("--model", "the judging model, such as openai/gpt-5-mini", metavar="MODEL", needed=True),
            Argument("--votes", "how many votes decide about a reply; 3 unless given", number=True, metavar="N"),
        ),
    ),
)
