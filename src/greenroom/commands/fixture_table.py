"""The commands over fixtures: recorded sessions and what is expected of them."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command
from greenroom.commands.interchange_table import INTERCHANGE

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
    Command(
        ("fixture", "mutate"),
        "What the suite is worth: change what governs one thing at a time, and see which fixture notices",
        "greenroom.commands.mutate:mutate",
        (
            Argument("name", "fixtures; all unless named", "*"),
            Argument("--kinds", "of persona,prompt,policy,tools,world; all unless named", metavar="KINDS"),
            Argument("--limit", "run so many mutants, drawn evenly from the kinds", number=True, metavar="N"),
            Argument("--seed", "draw others", number=True, metavar="N"),
        ),
    ),
    Command(
        ("fixture", "coverage"),
        "Rules, tools, acceptance criteria, passages and the like that no passing fixture touches",
        "greenroom.commands.coverage:coverage",
        (
            Argument(
                "--fail-under",
                "exit 1 when less than this is touched, on average over the kinds",
                number=True,
                metavar="PERCENT",
            ),
        ),
    ),
    *INTERCHANGE,
)
