"""The commands of rule authors: rows of `table`, in the order in which a rule is written."""

from __future__ import annotations

from greenroom.commands.declare import Argument, Command

_PERSONA = Argument("persona", "the persona, as aria or aria@1.3.0", "?")
_OVER = Argument("--over", "sessions: ids, beginnings of ids, 'last', or 'all'", "+", metavar="SESSION")


def _at(place: str) -> str:
    return f"greenroom.commands.{place}"


POLICY: tuple[Command, ...] = (
    Command(
        ("policy", "check"),
        "Read the rules against the tools: what is wrong, never fires, never decides or has no test",
        _at("policy.policy:check"),
        (_PERSONA,),
    ),
    Command(
        ("policy", "test"),
        "Run the tests written inside rules, exceptions and detectors",
        _at("policy.trial:test"),
        (
            _PERSONA,
            Argument("--rule", "only this rule, test by test", metavar="ID"),
            Argument("--junit", "write the outcome as JUnit XML too", metavar="FILE"),
        ),
    ),
    Command(
        ("policy", "explain"),
        "Why: of a call or text now, or of what a session decided",
        _at("policy.policy:explain"),
        (
            Argument(
                "about", "a session (last, last:41, ID:RECORD), a tool such as orders.refund, or a hook such as output"
            ),
            Argument("given", "for a tool amount=120 order_id=1001, for a hook the text", "*"),
            Argument("--persona", "decide for this persona", metavar="ID"),
        ),
    ),
    Command(
        ("policy", "compare"),
        "Which recorded decisions would flip under another policy, side by side",
        _at("policy.over_sessions:compare"),
        (
            Argument("before", "'recorded' (each session's own), 'disk', or a policy file", "?", default="recorded"),
            Argument("after", "the same; a file takes the place of the one with its id", "?", default="disk"),
            _OVER,
            Argument("--fail-on", "exit 1 when something flips", choices=("looser", "any")),
        ),
    ),
    Command(
        ("policy", "cover"),
        "Which rules fired in recorded sessions, and which never did",
        _at("policy.over_sessions:cover"),
        (_PERSONA, _OVER),
    ),
    Command(
        ("policy", "detectors"),
        "What is looked for in every text, built in and added; and how well it does on labelled texts",
        _at("policy.detectors:detectors"),
        (
            _PERSONA,
            Argument("--corpus", "measure on the labelled texts (*.toml) of this folder", metavar="FOLDER"),
            Argument("--write", "write the figures as a Markdown document", metavar="FILE"),
        ),
    ),
)
