"""The rules at the hooks of texts that a contract of a story may have.

Invariant: a rest of a contract that is named here looks things up and remembers.
"""

from __future__ import annotations

_TEXTS = """
[[rule]]
id = "prompt.long"
why = "w"
hook = "prompt"
when = ["text.length > {length}"]
then = "{prompt}"
[[rule]]
id = "memory.read"
why = "w"
hook = "memory.read"
when = ["memory.key in ['email', 'size']"]
then = "{read}"
[[rule]]
id = "memory.write"
why = "w"
hook = "memory.write"
when = ["memory.key in ['email', 'city']"]
then = "{write}"
[[rule]]
id = "passage.internal"
why = "w"
hook = "retrieval"
when = ["passage.source.contains('internal')"]
then = "{passage}"
"""
_MASKED = """
[[rule]]
id = "mail.masked"
why = "w"
hook = [{hooks}]
find = ["personal.email", "personal.phone"]
when = [{when}]
then = "redact"
"""
_EVERYWHERE = _MASKED.format(
    hooks='"input", "memory.read", "memory.write", "retrieval", "tool.call", "tool.result", "prompt", "output"', when=""
)
_OUT = '"output", "tool.call", "memory.write"'
_BY_LEVEL = """
[[rule]]
id = "level.{hook}"
why = "w"
hook = "{hook}"
when = ["session.autonomy {when}"]
then = "{then}"
"""
_LEVELS = {
    "input": ("< 2", "require_approval"),
    "memory.read": ("< 3", "deny"),
    "retrieval": ("< 4", "escalate"),
    "prompt": ("< 2", "require_approval"),
    "output": ("< 3", "require_approval"),
    "memory.write": ("> 3", "require_approval"),
}
"""By hook, at which level of autonomy a rule speaks, and what it says."""
_LEVELLED = "".join(_BY_LEVEL.format(hook=hook, when=when, then=then) for hook, (when, then) in _LEVELS.items())
_BY_ORIGIN = """
[[rule]]
id = "origin.passage"
why = "w"
hook = "tool.call"
when = ["'to' in args_from && args_from['to'].exists(o, o == 'passage')"]
then = "require_approval"
[[rule]]
id = "origin.others"
why = "w"
hook = "tool.call"
when = ["'to' in args_from && args_from['to'].exists(o, o == 'user' || o == 'tool')"]
then = "deny"
"""
_COUNTS = """
[[rule]]
id = "count.{hook}"
why = "w"
hook = "{hook}"
when = ["text.length > {most}"]
then = "{then}"
"""
_LONGEST = {
    "input": (40, "require_approval"),
    "memory.read": (24, "deny"),
    "retrieval": (20, "escalate"),
    "prompt": (430, "require_approval"),
    "output": (38, "require_approval"),
    "memory.write": (28, "require_approval"),
}
"""By hook, how long the words may be before a rule speaks, and what it says: near where words of stories are, so that it is
the private ones that make the difference.
"""
_SHORT_ENOUGH = """
[[exception]]
rule = "count.output"
owner = "kim"
expires = 2999-01-01
why = "w"
when = ["text.length < 45"]
"""
RULES = {
    "asking": _TEXTS.format(
        length=400, prompt="require_approval", read="require_approval", write="require_approval", passage="escalate"
    ),
    "denying": _TEXTS.format(length=2000, prompt="deny", read="deny", write="deny", passage="deny"),
    "masking": _EVERYWHERE,
    "masking prompts": _MASKED.format(hooks='"prompt"', when=""),
    "masking what goes out": _MASKED.format(hooks=_OUT, when=""),
    "masking after a call": _MASKED.format(hooks=f'{_OUT}, "prompt"', when='"session.calls_this_turn > 1"'),
    "by origin": _BY_ORIGIN,
    "by level": _LEVELLED,
    "masking by level": _LEVELLED
    + _MASKED.format(hooks=f'{_OUT}, "input", "retrieval", "prompt"', when='"session.autonomy < 3"'),
    "asking and masking": _TEXTS.format(
        length=900, prompt="require_approval", read="deny", write="require_approval", passage="require_approval"
    )
    + _EVERYWHERE,
    "counting": "".join(_COUNTS.format(hook=hook, most=most, then=then) for hook, (most, then) in _LONGEST.items())
    + _SHORT_ENOUGH,
}
"""Rests of a contract that looks things up and remembers, by what rules at the hooks of texts say."""
