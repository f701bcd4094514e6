"""The commands over suites: fixtures as versions of a persona, on models, many times."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command
from greenroom.commands.interchange.table import NAMES

MATRIX: tuple[Command, ...] = (
    Command(
        ("fixture", "matrix"),
        "Run fixtures as versions of a persona on several models, and compare; without --model, replay their tapes",
        "greenroom.commands.suite.matrix:matrix",
        (
            NAMES._replace(name="fixture"),
            Argument(
                "--persona",
                "a persona, as aria or aria@1.2.0; several make columns",
                metavar="ID[@VERSION]",
                repeated=True,
            ),
            Argument("--model", "a model to run live; several make columns", metavar="MODEL", repeated=True),
            Argument("--repeat", "how often each cell is run; what the case says without", number=True, metavar="N"),
            Argument(
                "--usd", "the most that all runs may cost, in US dollars; with 0 only free models run", metavar="USD"
            ),
            Argument("--processes", "so many processes of this machine; 1 unless given", number=True, metavar="N"),
            Argument("--cluster", "a Dask cluster: local:2, or tcp://host:8786", metavar="ADDRESS"),
            Argument("--resume", "make the runs a suite still lacks: the last one, or that of --name", flag=True),
            Argument("--name", "the suite's name; the time it began unless given", metavar="NAME"),
            Argument("--csv", "write the cells to this file too", metavar="FILE"),
        ),
    ),
    Command(
        ("fixture", "trend"),
        "Show how fixtures developed over the suites and live runs kept in the workspace",
        "greenroom.commands.suite.trend:trend",
        (Argument("fixture", "every run of this one", "?"),),
    ),
)
