"""Everything a person can do on the screen, once: its keys, its chord after ctrl+x, its letter, its slash word.

Invariant: bindings, the F1 help, the palette, the chord row and slash words are all read from this table.
"""

from __future__ import annotations

from typing import NamedTuple

from greenroom.commands.table import ACTIONS
from greenroom.tui.panes.side import NAMES


class Deed(NamedTuple):
    """`action` names a method of `Doing`, an argument after a colon; `key` acts anywhere, `letter` only outside text, `chord` after ctrl+x."""

    name: str
    does: str
    action: str
    group: str
    key: str = ""
    letter: str = ""
    chord: str = ""
    slash: str = ""


def _told(name: str) -> str:
    """What the table of commands says an action does."""
    return next(action.help for action in ACTIONS if action.name == name)


_PANES = tuple(
    Deed(
        f"{name} pane",
        next((a.help for a in ACTIONS if a.name == name.lower()), name),
        f"pane:{name}",
        "panes",
        letter=str(number),
        chord=str(number),
        slash=name.lower(),
    )
    for number, name in enumerate(NAMES, 1)
)

DEEDS: tuple[Deed, ...] = (
    Deed("Help", "every key and command", "help", "everywhere", "f1", "question_mark", "h", "help"),
    Deed("Palette", "find anything by name", "command_palette", "everywhere", "ctrl+p"),
    Deed("Interrupt", "interrupt the running turn, or go back to writing", "interrupt", "everywhere", "escape"),
    Deed("Quit", _told("quit"), "quit", "everywhere", "ctrl+q", "", "q", "quit"),
    Deed("Step mode", "run, tools or step: where the session stops", "mode", "turn", "f4", "m", "m", "mode"),
    Deed("Go on", "let a waiting gate go on, to the next that stops", "go_on", "turn", "f5", "", "g", "continue"),
    Deed("Step", "on to the very next gate, whatever the mode", "step", "turn", "f8", "", "", "step"),
    Deed("Edit at the gate", "change what is about to happen there", "edit", "turn", "", "", "e", "edit"),
    Deed("Simulate at the gate", "make up what the call would return", "simulate", "turn", "", "", "S", "simulate"),
    Deed("Skip at the gate", "go on without what was to happen", "skip", "turn", "", "", "K", "skip"),
    Deed("Breakpoints", "conditions at which the session stops", "break", "turn", "", "b", "B", "break"),
    Deed("Resume the turn", _told("resume"), "resume", "turn", "", "r", "r", "resume"),
    Deed("Abandon the turn", _told("abandon"), "abandon", "turn", "", "", "a", "abandon"),
    Deed(
        "Show or hide the panes", "the panes beside or over the conversation", "panes", "panes", "f2", "p", "p", "panes"
    ),
    Deed("Maximise", "one pane over everything, and back", "maximise", "panes", "f3", "z", "z"),
    *_PANES,
    Deed("Previous turn", "panes show the turn before", "turn:-1", "panes", "", "left", "left"),
    Deed("Next turn", "panes show the turn after", "turn:1", "panes", "", "right", "right"),
    Deed(
        "Previous event",
        "the session as it was one event earlier",
        "event:-1",
        "panes",
        "",
        "left_square_bracket",
        "left_square_bracket",
    ),
    Deed("Next event", "and one event on", "event:1", "panes", "", "right_square_bracket", "right_square_bracket"),
    Deed("Back to now", "the session as it is", "now", "panes", "", "", "N"),
    Deed("Go to an event", "its number, a turn (t3) or a time (14:05)", "go_to", "panes", "", "", "G", "goto"),
    Deed(
        "As of what is selected",
        "the session as it was at that event, or at that entry of the conversation",
        "event_at",
        "panes",
        "",
        "a",
        "A",
    ),
    Deed(
        "Find events",
        "in Trace, by kind:, tool:, rule:, turn:, effect: and words",
        "seek",
        "panes",
        "",
        "",
        "slash",
        "events",
    ),
    Deed(
        "Waterfall",
        "where the time of the turn went, in Trace",
        "waterfall",
        "panes",
        "",
        "t",
        "equals_sign",
        "waterfall",
    ),
    Deed(
        "Prompt against …",
        "what a call has otherwise than the one before, than the disk",
        "prompt_against",
        "panes",
        "",
        "equals_sign",
        "P",
    ),
    Deed(
        "Previous model call",
        "the call before, in the Prompt pane",
        "prompt_call:-1",
        "panes",
        "",
        "less_than_sign",
        "less_than_sign",
    ),
    Deed(
        "Next model call",
        "the call after, in the Prompt pane",
        "prompt_call:1",
        "panes",
        "",
        "greater_than_sign",
        "greater_than_sign",
    ),
    Deed("Copy the request", "as JSON, as it goes over the wire", "prompt_copy:json", "panes", "", "y", "Y"),
    Deed(
        "Copy as curl", "the request as a command; the key stays a variable", "prompt_copy:curl", "panes", "", "u", "U"
    ),
    Deed("Forget the memory", _told("forget"), "forget", "panes", "", "d", "d", "forget"),
    Deed("Search", "find words in the conversation", "search", "conversation", "", "", "f", "find"),
    Deed("Write", "back to the composer", "write", "conversation", "", "i", "i"),
    Deed("Kill switch", _told("stop"), "stop", "everywhere", "", "", "ctrl+k", "stop"),
    Deed("Lift what is stopped", _told("lift"), "lift", "everywhere", "", "", "", "lift"),
    Deed("Grants", _told("grants"), "approvals", "session", "", "", "c", "grants"),
    Deed("Dead letters", _told("dead"), "approvals:letters", "session", "", "", "j", "dead"),
    Deed("Autonomy", _told("autonomy"), "autonomy", "session", "", "", "", "autonomy"),
    Deed(
        "Open the rule", "the rule behind the selected verdict, in $EDITOR", "edit_rule", "panes", "", "e", "o", "rule"
    ),
    Deed("Edit the prompt", "its template, in $EDITOR", "edit_file:prompt", "session", "", "", "E", "edit-prompt"),
    Deed("Edit the persona", "its contract, in $EDITOR", "edit_file:persona", "session", "", "", "", "edit-persona"),
    Deed(
        "Edit the script", "of a scripted model, in $EDITOR", "edit_file:script", "session", "", "", "", "edit-script"
    ),
    Deed(
        "Changed verdicts", "what the policy read last would decide otherwise", "flips", "panes", "", "", "k", "flips"
    ),
    Deed("Changed on disk", "what differs from what the last turn ran under", "disk", "session", "f7", "", "D", "disk"),
    Deed("As on disk", _told("let-go"), "let_go", "session", "", "", "", "let-go"),
    Deed("Reload", _told("reload"), "reload", "session", "", "", "l", "reload"),
    Deed("Approve for this turn", "and later calls of it that fit narrow clauses", "grant:turn", "card", "", "", "u"),
    Deed(
        "Approve for this session",
        "the same until the session ends or the grant expires",
        "grant:session",
        "card",
        "",
        "",
        "w",
    ),
    Deed("Approve always", "once, and propose a rule in a file for review", "grant:always", "card", "", "", "b"),
    Deed("Export a fixture", _told("export"), "export", "session", "", "x", "x", "export"),
    Deed(
        "Review fixtures",
        "how all recorded sessions go today; accept what was meant",
        "review",
        "session",
        "f6",
        "X",
        "X",
        "review",
    ),
    Deed(
        "Rerun the last turn",
        "say it again under what is on disk now, and compare; in the past, from there on",
        "rerun",
        "turn",
        "ctrl+r",
        "",
        "",
        "rerun",
    ),
    Deed(
        "Rerun with …",
        "another version, model, policy, prompt, parameters or words",
        "rerun_with",
        "turn",
        "",
        "",
        "R",
        "rerun-with",
    ),
    Deed(
        "Fork here",
        "a branch where you look; change the words that stand there",
        "fork",
        "session",
        "",
        "f",
        "F",
        "fork",
    ),
    Deed(
        "What if …",
        "this turn without a passage, or with other settings: prompt and verdicts, no model asked",
        "what_if",
        "turn",
        "",
        "w",
        "W",
        "what-if",
    ),
    Deed("Tree of forks", "what branched off where, and open one", "tree", "session", "", "", "T", "tree"),
    Deed(
        "Compare variants",
        "this session beside its forks, or another one",
        "compare",
        "session",
        "",
        "v",
        "V",
        "compare",
    ),
    Deed("Verify the log", _told("verify"), "verify", "session", "", "", "v", "verify"),
    Deed("Sessions", "open another session", "sessions", "session", "", "s", "s", "sessions"),
    Deed("New session", "begin again, with nothing said", "new_session", "session", "", "", "n", "new"),
    Deed("Trust this workspace", "look at what it runs, and trust it", "trust", "session", "", "", "y", "trust"),
    Deed("Theme", "the next theme", "theme", "session", "", "", "t", "theme"),
)

MORE: tuple[tuple[str, str, str], ...] = (
    ("conversation", "enter", "send; in a list, fold or unfold"),
    ("conversation", "ctrl+j", "a new line (also alt+enter)"),
    ("conversation", "up down", "in the composer: what you wrote before"),
    ("conversation", "ctrl+x ctrl+e", "write in $EDITOR"),
    ("conversation", "tab shift+tab", "composer, conversation, panes"),
    ("conversation", "j k", "next, previous entry"),
    ("conversation", "g G", "first, last"),
    ("conversation", "c C", "copy the entry, copy its code"),
    ("conversation", "left right", "another variant of a turn that was said again"),
    ("conversation", "slash n N", "search, next, previous match"),
    ("panes", "slash n N", "in Trace: filter its events (tab: the others too), next, previous of what was found"),
    ("panes", "home end", "in Trace: the first event, now; a click goes to an event"),
    ("card", "ctrl+n", "deny, with a reason the model reads"),
    ("card", "ctrl+o", "edit the arguments; the call is decided again"),
    ("card", "ctrl+s", "simulate the result; nothing runs"),
    ("card", "ctrl+y", "approve"),
    ("card", "ctrl+g", "grant: approve this and later calls that fit; again for another scope"),
    ("card", "ctrl+t", "stop the whole turn"),
    ("card", "alt+up alt+down", "read on in the card"),
)
"""Keys that belong to one widget: group, keys, what they do."""

GROUPS = ("everywhere", "conversation", "card", "turn", "panes", "session")


def by_chord(key: str) -> Deed | None:
    """What ctrl+x and this key mean."""
    return next((deed for deed in DEEDS if deed.chord and deed.chord == key), None)


def by_slash(word: str) -> Deed | None:
    """What a slash word means: the whole word, or the only one that begins so."""
    words = [deed for deed in DEEDS if deed.slash.startswith(word)] if word else []
    exact = [deed for deed in words if deed.slash == word]
    found = exact or (words if len(words) == 1 else [])
    return found[0] if found else None
