"""Help topics: the file formats, the policy vocabulary, the keys and slash words, made from the code; what the audit proves,
and what becomes of what between Greenroom and other tools.
"""

from __future__ import annotations

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.table import ACTIONS, COMMANDS, groups
from greenroom.core.clock import SystemClock
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest

TOPICS = ("formats", "policy", "audit", "interop", "keys")


def topic(asked: Invocation) -> Answer[str]:
    """One topic as text.

    Raises:
        UsageError: no such topic.
    """
    name = " ".join(asked.words("topic"))
    if name == "formats":
        from greenroom.commands.formats.formats import as_data, as_lines

        return answer(name, as_lines(), as_data())
    if name == "policy":
        return _policy()
    if name == "audit":
        from greenroom.commands.ledger import LIMITS

        return answer(name, LIMITS, list(LIMITS))
    if name == "interop":
        from greenroom.commands.interchange.guide import data as of_programs
        from greenroom.commands.interchange.guide import lines as of_people

        return answer(name, of_people(), of_programs())
    if name == "keys":
        rows = [(action.key or "-", f"/{action.name} {action.argument}".rstrip(), action.help) for action in ACTIONS]
        data = [action._asdict() for action in ACTIONS]
        more = "the workbench has many more keys: F1 there lists all of them, ^p finds each by name"
        return answer(name, [*table(("key", "repl", "what it does"), rows), "", more], data)
    if not name:
        return answer(name, [f"topics: {', '.join(TOPICS)}", "commands: greenroom --help"], list(TOPICS))
    if name in groups() or any(command.name == name for command in COMMANDS):
        raise UsageError(f"{name} is a command", hint=f"greenroom {name} --help")
    raise UsageError(f"there is no help on '{name}'", hint=suggest(name, list(TOPICS)))


_BREAKPOINTS = (
    "words a breakpoint may use (--break, /break, ctrl+x B), at all gates or at those named:",
    "a word that a gate does not know makes a condition about it false there. One about the turn or the session stops once,",
    "one about a call once a call, any other at every gate where it holds.",
)


def _policy() -> Answer[str]:
    from greenroom.commands.policy.guide import guide
    from greenroom.policy.files.rules import EFFECTS, HOOKS
    from greenroom.policy.language import gate_words
    from greenroom.policy.language.functions import FUNCTIONS
    from greenroom.policy.language.functions import lines as functions
    from greenroom.policy.language.vocabulary import NAMES, lines

    head = [
        *guide(SystemClock().now().date()),
        "",
        f"hooks: {', '.join(HOOKS)}",
        f"effects, mildest first: {', '.join(EFFECTS)}",
        "",
        "what a clause may do (CEL):",
        *functions(),
        "",
        "names a clause may use:",
    ]
    data = {
        "hooks": list(HOOKS),
        "effects": list(EFFECTS),
        "functions": [one._asdict() for one in FUNCTIONS],
        "names": [
            {"name": one.name, "type": one.kind, "meaning": one.meaning, "hooks": list(one.hooks)} for one in NAMES
        ],
        "gate_words": [
            {"name": one.name, "type": one.kind, "meaning": one.meaning, "gates": list(one.gates)}
            for one in gate_words.WORDS
        ],
    }
    return answer("policy", [*head, *lines(), "", *_BREAKPOINTS, *gate_words.lines()], data)
