"""What to change in a rerun, asked on a sheet with everything filled in as it is.

Invariant: a field that is left as it is changes nothing; what is wrong is said here, and nothing was run by then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content, Span
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.inert import inert_line
from greenroom.tui.frame.hints import Hint, Hints

if TYPE_CHECKING:
    from greenroom.assembly.variants.rerunning import Change

FIELDS = (
    ("since", "since turn", "the first turn to say again"),
    ("persona", "persona", "or a version: aria@1.2.0"),
    ("model", "model", "a full name or alias"),
    ("policy", "policy", "as on disk; or a policy file"),
    ("prompt", "prompt", "as on disk; or a file with a prompt"),
    ("parameters", "parameters", "temperature=0 top_p=0.9"),
    ("words", "words", "what is said in that turn"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants: the first turn, and what is other than it was."""

    since: int
    change: Change


class RerunSheet(ModalScreen[Asked | None]):
    """`filled` are the fields as they are. `words` are those of each turn, for the field follows the turn."""

    DEFAULT_CSS = """
    RerunSheet { align: center middle; background: $background 60%; }
    RerunSheet > #rerun-frame { width: 84; max-width: 100%; height: auto; background: $surface; padding: 0 1; }
    RerunSheet #rerun-title { height: 1; padding: 0 1; margin: 0 0 1 0; text-wrap: nowrap; text-overflow: ellipsis; }
    RerunSheet Horizontal { height: 1; }
    RerunSheet .name { width: 13; color: $quiet; padding: 0 0 0 1; }
    RerunSheet Input { border: none; height: 1; padding: 0 1; background: $panel; width: 1fr; }
    RerunSheet Input:focus { border: none; background: $background; }
    RerunSheet #rerun-problem { height: 1; padding: 0 1; color: $error; text-wrap: nowrap; text-overflow: ellipsis; }
    RerunSheet Hints { background: $surface; }
    """
    AUTO_FOCUS = "#rerun-since"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False, priority=True, id="rerun.leave"),
        Binding("f1", "leave", "Back", show=False),
        Binding("down", "app.focus_next", "Next", show=False),
        Binding("up", "app.focus_previous", "Previous", show=False),
    ]

    def __init__(self, filled: Mapping[str, str], words: Mapping[int, str], root: Path) -> None:
        super().__init__()
        self._filled = dict(filled)
        self._words = dict(words)
        self._root = root

    def compose(self) -> ComposeResult:
        title = "Rerun with …"
        with Vertical(id="rerun-frame"):
            yield Static(Content(title, [Span(0, len(title), "$primary bold")]), id="rerun-title")
            for name, label, placeholder in FIELDS:
                with Horizontal():
                    yield Static(Content(label), classes="name")
                    yield Input(self._filled.get(name, ""), placeholder=placeholder, id=f"rerun-{name}")
            yield Static(markup=False, id="rerun-problem")
            yield Hints((Hint("enter", "say it again"), Hint("tab", "next field"), Hint("escape", "back")))

    @on(Input.Changed, "#rerun-since")
    def _another_turn(self, event: Input.Changed) -> None:
        """The words are those of the turn, as long as nobody wrote others."""
        field = self.query_one("#rerun-words", Input)
        text = event.value.strip()
        turn = self._turn(text)
        if turn is not None and field.value in self._words.values():
            field.value = self._words[turn]

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            self.dismiss(self._asked())
        except GreenroomError as error:
            self.query_one("#rerun-problem", Static).update(Content(error.line()))

    def _asked(self) -> Asked:
        from greenroom.assembly.variants.rerunning import Change

        since = self._value("since")
        turn, words = self._turn(since), self._value("words")
        if turn is None:
            raise UsageError(f"there is no turn {inert_line(since, 20) or '?'}", hint=f"1 to {max(self._words)}")
        return Asked(
            turn,
            Change(
                persona=self._other("persona"),
                model=self._other("model"),
                policy=tuple(self._file(one) for one in self._value("policy").split()),
                prompt=self._file(self._value("prompt")) if self._value("prompt") else None,
                parameters=self._parameters(),
                words={turn: words} if words and words != self._words[turn] else {},
            ),
        )

    def _turn(self, text: str) -> int | None:
        """The turn that a person wrote, if there is one."""
        return next((turn for turn in self._words if str(turn) == text), None)

    def _parameters(self) -> dict[str, object]:
        from greenroom.commands.session.rerun import parameter

        before = dict(parameter(one) for one in self._filled.get("parameters", "").split())
        now = dict(parameter(one) for one in self._value("parameters").split())
        return {name: value for name, value in now.items() if name not in before or before[name] != value}

    def _file(self, text: str) -> Path:
        """A file as a person names it: from the workspace, or from where the program was started."""
        path = Path(text).expanduser()
        inside = self._root / path
        return inside if inside.is_file() else path

    def _other(self, name: str) -> str:
        value = self._value(name)
        return value if value != self._filled.get(name, "") else ""

    def _value(self, name: str) -> str:
        return self.query_one(f"#rerun-{name}", Input).value.strip()

    def action_leave(self) -> None:
        """Back, with nothing run."""
        self.dismiss(None)


def shown_parameters(parameters: Mapping[str, object]) -> str:
    """`temperature=0.2 top_p=0.9`."""
    return " ".join(f"{name}={json.dumps(value)}" for name, value in parameters.items())
