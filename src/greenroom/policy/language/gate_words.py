"""The words a breakpoint may use: those of the vocabulary that a gate knows too, and those that only a gate has.

Invariant: every word has a kind, a meaning and the gates that know it; elsewhere a condition about it does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from greenroom.core.values import Gate
from greenroom.policy.language.vocabulary import NAMES, Kind

Scope = Literal["session", "call", "gate"]
"""How often a condition stops that holds and holds: once until it no longer did, once a call, or at every gate."""
EVERYWHERE: tuple[Gate, ...] = get_args(Gate)
_CALLS: tuple[Gate, ...] = ("tool", "result")
_TEXTS: tuple[Gate, ...] = ("input", "prompt", "output")


@dataclass(frozen=True, slots=True)
class GateWord:
    """One word, the gates that know it, and how often a condition about it stops."""

    name: str
    kind: Kind
    meaning: str
    gates: tuple[Gate, ...] = EVERYWHERE
    scope: Scope = "gate"


def _shared(name: str, gates: tuple[Gate, ...], scope: Scope) -> GateWord:
    """A word that rules use too, in their meaning."""
    entry = next(one for one in NAMES if one.name == name)
    return GateWord(name, entry.kind, entry.meaning, gates, scope)


WORDS: tuple[GateWord, ...] = (
    GateWord("gate", "string", "the gate: " + " ".join(EVERYWHERE)),
    GateWord("turn", "int", "the number of this turn", scope="session"),
    GateWord("persona", "string", "the persona's id", scope="session"),
    GateWord("model", "string", "the model that is asked", scope="session"),
    GateWord("usage.usd", "double", "US dollars the session has cost so far", scope="session"),
    GateWord("usage.tokens", "int", "tokens the session has used so far", scope="session"),
    GateWord(
        "verdict.effect", "string", "what policy says of what is about to happen; the strictest, where of several"
    ),
    GateWord("verdict.rule", "string", "the rule that says so"),
    GateWord("verdict.risk", "int", "the risk it adds up to, 0 to 100"),
    GateWord("verdict.findings", "list(string)", "detectors that found something in it"),
    GateWord("memories.count", "int", "memories recalled, or about to be kept", ("recall", "remember")),
    GateWord("memories.keys", "list(string)", "their keys", ("recall", "remember")),
    GateWord("passages.count", "int", "passages about to go into the prompt", ("retrieve",)),
    GateWord("passages.found", "int", "candidates found, chosen or not", ("retrieve",)),
    GateWord(
        "passages.top_similarity", "double", "cosine similarity of the nearest candidate; 0 if none", ("retrieve",)
    ),
    GateWord("passages.top_score", "double", "fused score of the best candidate; 0 if none", ("retrieve",)),
    GateWord("passages.sources", "list(string)", "documents of those about to go in", ("retrieve",)),
    GateWord("prompt.call", "int", "which model call of the turn it is, from 1", ("prompt",)),
    GateWord("prompt.messages", "int", "how many messages it has", ("prompt",)),
    GateWord("text.length", "int", "code points of the text; at the gate prompt, of all its messages", _TEXTS),
    *(
        _shared(name, _CALLS, "call")
        for name in ("tool.name", "tool.effects", "tool.reversible", "tool.outbound", "tool.sensitivity")
    ),
    GateWord("args", "map(string, dyn)", "the call's arguments: args.amount > 100", _CALLS, "call"),
    GateWord("result.status", "string", "done, failed, timed_out, invalid, denied or unknown", ("result",)),
    GateWord("result.output", "dyn", "what the tool returned: result.output.refunded == true", ("result",)),
    GateWord("result.simulated", "bool", "whether a person made it up", ("result",)),
    GateWord("result.milliseconds", "int", "how long the tool took", ("result",)),
    *(
        _shared(name, EVERYWHERE, "session")
        for name in ("session.taint", "session.autonomy", "session.calls_this_turn", "session.counts", "session.sums")
    ),
)


def types() -> dict[str, Kind]:
    """Every word with its kind."""
    return {word.name: word.kind for word in WORDS}


def lines() -> list[str]:
    """The words as plain lines, for `greenroom help policy`."""
    wide = max(len(word.name) for word in WORDS)
    kinds = max(len(word.kind) for word in WORDS)
    return [
        f"{word.name:<{wide}}  {word.kind:<{kinds}}  {word.meaning}"
        + ("" if word.gates == EVERYWHERE else f"  ({', '.join(word.gates)})")
        for word in WORDS
    ]
