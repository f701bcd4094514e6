"""The command that says the same inputs to several personas, models and policies."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

COMPARE = Command(
    ("compare",),
    "Say the same inputs to several personas, models or policies, and set side by side what each made of them",
    "greenroom.commands.compare.compare:compare",
    (
        Argument(
            "--input",
            "a file of inputs. Text: one a line; .jsonl: a line is a text, a list of turns, or an object with text or "
            "turns; .csv: its column text",
            metavar="FILE",
        ),
        Argument(
            "--persona",
            "a persona, as aria or aria@1.2.0; several make combinations",
            metavar="ID[@VERSION]",
            repeated=True,
        ),
        Argument("--model", "in place of the persona's; several make combinations", metavar="MODEL", repeated=True),
        Argument(
            "--policy",
            "a policy file in the place of the one of its id, or beside them; several make combinations",
            metavar="FILE",
            repeated=True,
        ),
        Argument("--repeat", "how often each input is said to each combination", number=True, metavar="N"),
        Argument(
            "--approve",
            "who answers questions: deny: no to each, and every tool that changes something is asked about, so that none "
            "runs; policy: yes to what autonomy alone asks about, so that such tools can run",
            choices=("deny", "policy"),
        ),
        Argument(
            "--budget", "the most that all runs may cost, in US dollars; with 0 only free models run", metavar="USD"
        ),
        Argument(
            "--jobs",
            "so many runs at a time, each in a process of its own; up to 4 unless given, where there is enough to do",
            number=True,
            metavar="N",
        ),
        Argument("--resume", "make the runs a comparison still lacks: the last one, or that of --name", flag=True),
        Argument("--name", "its name; the time it began unless given", metavar="NAME"),
        Argument("--csv", "write a row for each run to this file too", metavar="FILE"),
        Argument("--out", "write runs.csv, comparison.json and table.txt into this folder", metavar="DIR"),
    ),
)
