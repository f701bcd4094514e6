"""Completion of slash words and of the words they take."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from greenroom.commands.table import ACTIONS


class SlashCompleter(Completer):
    """Completes only lines that begin with a slash: what a person says is theirs."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        if not text.startswith("/") or "\n" in text:
            return
        name, space, rest = text[1:].partition(" ")
        if not space:
            for action in ACTIONS:
                if action.name.startswith(name):
                    yield Completion(action.name, -len(name), display=f"/{action.name}", display_meta=action.help)
            return
        for action in ACTIONS:
            if action.name == name:
                for choice in action.choices:
                    if choice.startswith(rest):
                        yield Completion(choice, -len(rest))
