"""`greenroom test`: pytest over fixtures, with short forms of its options."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

TESTING: tuple[Command, ...] = (
    Command(
        ("test",),
        "Replay fixtures with pytest, all or those named; tools and documents are not run or read (greenroom help replay)",
        "greenroom.commands.suite.testing:run_fixtures",
        (
            Argument("fixture", "a fixture's name or a pattern, a tag, or a path; all of them without", "*"),
            Argument("--live", "ask the model anew, with the person's words from the tape", flag=True),
            Argument("--model", "live: the model in place of the persona's", metavar="MODEL"),
            Argument(
                "--persona",
                "live: this persona or version in place of the tape's, as aria@1.4.0",
                metavar="ID[@VERSION]",
            ),
            Argument("--repeat", "live: run each so often", number=True, metavar="N"),
            Argument(
                "--usd",
                "live: the most that all of them may cost, in US dollars; with 0 only free models run",
                metavar="USD",
            ),
            Argument("--from", "live: replay the tape up to this event, and go on from there", metavar="EVENT"),
            Argument(
                "--stale",
                "a fixture recorded under what has changed since: fail (the default), warn or xfail",
                choices=("fail", "warn", "xfail"),
            ),
            Argument("--html", "write one page with every conversation and difference", metavar="PATH"),
            Argument("--junit", "write a JUnit file", metavar="PATH"),
            Argument("-n", "in so many processes, or auto (with pytest-xdist)", metavar="N"),
            Argument("-k", "only those whose names fit this expression", metavar="EXPRESSION"),
            Argument("--lf", "only those that failed last", flag=True),
        ),
    ),
)
