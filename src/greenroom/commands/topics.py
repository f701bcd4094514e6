"""Help topics: the file formats, the policy vocabulary, the keys and slash words, made from the code; what the audit proves,
and what becomes of what between Greenroom and other tools.
"""

from __future__ import annotations

from greenroom.commands.answer import Answer, answer, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.table import ACTIONS, COMMANDS, TOPICS, groups
from greenroom.core.clock import SystemClock
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest


def topic(asked: Invocation) -> Answer[str]:
    """One topic as text.

    Raises:
        UsageError: no such topic.
    """
    name = " ".join(asked.words("topic"))
    if name.partition(" ")[0] == "formats":
        return _formats(name.partition(" ")[2])
    if name == "expectations":
        from greenroom.commands.formats.expectations import as_data as kinds
        from greenroom.commands.formats.expectations import as_lines as sides

        return answer(name, sides(), kinds())
    if name == "replay":
        return answer(name, REPLAY, list(REPLAY))
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
        raise UsageError(f"{name} is a command", hint=f"greenroom help {name}")
    near = suggest(name, [*TOPICS, *groups(), *(command.name for command in COMMANDS)])
    hint = near if near.startswith("did") else f"topics: {', '.join(TOPICS)}; commands: greenroom --help"
    raise UsageError(f"there is no help on '{name}'", hint=hint)


def _formats(which: str) -> Answer[str]:
    """All formats with a line each, or one of them whole.

    Raises:
        UsageError: there is no such format.
    """
    from greenroom.commands.formats import formats

    if not which:
        return answer("formats", formats.in_short(), formats.as_data())
    lines = formats.one_as_lines(which)
    if not lines:
        raise UsageError(f"there is no format '{which}'", hint=suggest(which, formats.names()))
    return answer(which, lines, formats.one_as_data(which))


REPLAY = (
    "What a replayed fixture proves, and what it cannot.",
    "",
    "passed: under today's persona, prompt, policy and tool signatures every decision, call and approval comes out as",
    "recorded, and every expectation of the case holds.",
    "",
    "A replay takes these from the tape, and does not run or read them, so that it needs no network and no key:",
    "  what the model said     a better or worse model shows in greenroom test --live",
    "  what tools returned     a tool whose behaviour changed, and not its signature, shows in tests of the tool, or live",
    "  what was retrieved      a document that a recorded passage came from and that changed or is gone makes it stale",
    "  what a person answered  and the memories there were",
    "",
    "stale: what governs it changed since; one line says what. greenroom fixture diff shows what would go otherwise,",
    "greenroom fixture accept takes it over where that is right.",
)
"""The limits of a passed replay, which a run does not repeat each time."""


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
