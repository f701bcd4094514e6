"""The commands that branch a session off another, and show what branched off: fork, rerun, tree."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command


def _at(place: str) -> str:
    return f"greenroom.commands.session.{place}"


_SESSION = Argument("session", "a session's id, the beginning of one, or 'last'")
_ANSWERS = ("ask", "wait", "deny", "policy")

BRANCHING: tuple[Command, ...] = (
    Command(
        ("session", "fork"),
        "A new session from any event of another",
        _at("fork:fork"),
        (
            _SESSION,
            Argument(
                "--at", "the last event to keep: its number or a time (14:05); t3: all before turn 3", metavar="EVENT"
            ),
            Argument("--say", "what to say there at once", metavar="TEXT"),
            Argument("--approve", "who answers questions, as in greenroom run", choices=_ANSWERS, default="ask"),
        ),
    ),
    Command(
        ("session", "rerun"),
        "Say turns again under what is on disk, or under changes; keeps what did not change",
        _at("rerun:rerun"),
        (
            _SESSION,
            Argument("--since", "the first turn to say again (the last one)", number=True, metavar="TURN"),
            Argument("--until", "the last turn to say again (the last one)", number=True, metavar="TURN"),
            Argument("--persona", "under this persona or version", metavar="ID"),
            Argument("--model", "with this model", metavar="MODEL"),
            Argument(
                "--policy", "with this policy file in the place of the one of its id", metavar="FILE", repeated=True
            ),
            Argument("--prompt", "with this prompt template", metavar="FILE"),
            Argument("--set", "with this parameter of the model: temperature=0", metavar="NAME=VALUE", repeated=True),
            Argument("--say", 'with other words in a turn: "3=other words"', metavar="TURN=TEXT", repeated=True),
            Argument(
                "--reply", 'with these words as the last reply in a turn: "3=words"', metavar="TURN=TEXT", repeated=True
            ),
            Argument("--retrieval", "with this setting of retrieval: top_k=4", metavar="NAME=VALUE", repeated=True),
            Argument(
                "--without",
                "without a passage or memory in a turn: 3=2 as cited, or 3=ID",
                metavar="TURN=ID",
                repeated=True,
            ),
            Argument("--regenerate", "ask the model again even where its request is the same", flag=True),
            Argument("--repeat", "so many variants, each with new replies", number=True, metavar="N"),
            Argument(
                "--approve",
                "who answers what is not kept; a call with effects is never made again unasked",
                choices=_ANSWERS,
                default="deny",
            ),
        ),
    ),
    Command(
        ("session", "tree"),
        "The forks and variants of a session, or of all, as a tree",
        _at("tree:tree"),
        (Argument("session", "a session's id, the beginning of one, or 'last'", "?"),),
        slash="tree",
    ),
)
