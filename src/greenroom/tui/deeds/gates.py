"""The deeds at a gate: go on, step, edit what waits, simulate, skip; and the breakpoints.

Invariant: every deed is signed; what a gate does not take is said in a line, and the gate still waits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError, UsageError
from greenroom.tui.card.form import Start, as_lines, problems, shape_problems, starting
from greenroom.tui.conversation.composer import Composer
from greenroom.tui.gates.bar import IN_COMPOSER, GateBar
from greenroom.tui.person import ESTABLISHED, person

if TYPE_CHECKING:
    from greenroom.core.values import Breakpoint, Card, GateDeed, Json
    from greenroom.engine.gates.pending import Pending
    from greenroom.tui.workbench import Workbench

DEEDS = ("go_on", "step", "edit", "simulate", "skip", "break")


class GateDeeds:
    """These deeds of one workbench. `own` are breakpoints that are not kept with the workspace."""

    def __init__(self, bench: Workbench) -> None:
        from greenroom.core.values import Breakpoint

        self.bench = bench
        self._kept: tuple[Breakpoint, ...] = ()
        self._own = tuple(Breakpoint(when=when) for when in bench.wanted.breaks)

    # breakpoints --------------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A session is open: it stops at what is kept with the workspace, and at what was asked for."""
        from greenroom.workspace.breakpoint_file import saved

        try:
            self._kept = saved(self.bench.workspace)
            self._set(self._kept, self._own)
        except GreenroomError as error:
            self._kept = ()
            self.bench.tell(error.line(), "error")
            self._set((), self._own)

    def rests(self) -> bool:
        """Whether the open turn rests at a gate, so that going on with it only waits there again."""
        from greenroom.engine.gates.stepping import paused

        session = self.bench.rehearsal.session
        return session is not None and not session.running and paused(session.records) is not None

    def breaks(self, when: str = "") -> None:
        """Add a breakpoint, or show them all."""
        if when:
            problem = self._wish("add", when)
            self.bench.tell(problem or f"stops where {when}", "warning" if problem else "info")
            return
        from greenroom.tui.gates.breakpoints_sheet import BreakSheet

        def do(wish: str, condition: str) -> tuple[list[tuple[Breakpoint, bool]], str]:
            problem = self._wish(wish, condition)
            return self._all(), problem

        self.bench.push_screen(BreakSheet(self._all(), do))

    def _all(self) -> list[tuple[Breakpoint, bool]]:
        return [*((one, True) for one in self._kept), *((one, False) for one in self._own)]

    def _wish(self, wish: str, when: str) -> str:
        """Do it; what is wrong, or ''. What cannot be kept counts for this session all the same."""
        from greenroom.commands.stepping.breakpoints import changed
        from greenroom.workspace.breakpoint_file import save

        own = any(one.when == when for one in self._own)
        try:
            if own:
                self._set(self._kept, tuple(changed(self._own, wish, when)))
                return ""
            self._kept = save(self.bench.workspace, lambda kept: changed(kept, wish, when))
            self._set(self._kept, self._own)
        except UsageError as error:
            return error.line()
        except GreenroomError as error:
            if wish == "add":
                self._set(self._kept, (*self._own, *changed((), wish, when)))
            return error.line()
        return ""

    def _set(self, kept: Sequence[Breakpoint], own: Sequence[Breakpoint]) -> None:
        session = self.bench.rehearsal.session
        if session is not None:
            session.set_breakpoints((*kept, *own))
        self._kept, self._own = tuple(kept), tuple(own)

    # at a gate ----------------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Let the waiting gate go on, to the next one that stops."""
        self._plainly("continue", "nothing waits at a gate")

    def step(self) -> None:
        """Go on to the very next gate, whatever the mode."""
        session = self.bench.rehearsal.session
        if self._pending() is None and session is not None:
            session.gates.stop_at_next()
            self.bench.tell("stops at the very next gate")
        else:
            self._plainly("step", "nothing is open")

    def skip(self) -> None:
        """Go on without what was to happen."""
        self._plainly("skip", "nothing waits at a gate")

    def edit(self, words: str = "") -> None:
        """Put something else in the place of what waits: in the composer, on a sheet, or as `words` say."""
        pending = self._pending()
        if pending is None:
            self.bench.tell("nothing waits at a gate")
        elif words:
            self._typed(f"edit {words}", pending)
        elif pending.gate in IN_COMPOSER:
            composer = self.bench.query_one(Composer)
            composer.put(str(pending.value))
            composer.focus()
            self.bench.query_one(GateBar).show(pending, editing=True)
        else:
            self._sheet(pending)

    def simulate(self, words: str = "") -> None:
        """Make up what the waiting call would return."""
        pending = self._pending()
        if pending is None or pending.gate != "tool":
            self.bench.tell("a result is simulated at a call's own gate: ctrl+x m and tools stops there", "warning")
        elif words:
            self._typed(f"simulate {words}", pending)
        else:
            start = starting("simulate", _card(pending))
            self._json_sheet(pending, "simulate", f"Simulate {_name(pending)}: nothing runs", start)

    def said(self, text: str) -> None:
        """The words a gate waits for, from the composer."""
        pending = self._pending()
        if pending is not None and (problem := self._pass(pending, "edit", text)):
            self.bench.query_one(Composer).put(text)
            self.bench.tell(problem, "warning")

    def _sheet(self, pending: Pending) -> None:
        from greenroom.tui.gates.rows import RowsSheet

        if pending.gate == "tool":
            self._call_sheet(pending)
        elif pending.gate == "result":
            output = pending.value["output"]
            start = as_lines(output) if isinstance(output, dict) else Start(_json(output))
            self._json_sheet(pending, "edit", f"What {_name(pending)} returned", start)
        else:
            self.bench.push_screen(RowsSheet(pending, lambda edit: self._pass(pending, "edit", edit)))

    def _call_sheet(self, pending: Pending) -> None:
        from greenroom.tui.gates.text import TextSheet

        card = _card(pending)
        start = starting("edit", card)

        def take(text: str) -> str:
            return self._pass(pending, "edit", json.loads(text))

        def check(text: str) -> Sequence[str]:
            return [one for one in problems("edit", text, card, shape_problems) if text != start.text]

        title = f"{_name(pending)}: policy decides anew about what you send"
        self.bench.push_screen(TextSheet(title, start, take, about=pending.about, check=check, does="send the call"))

    def _json_sheet(self, pending: Pending, deed: GateDeed, title: str, start: Start) -> None:
        from greenroom.tui.gates.text import TextSheet

        card = _card(pending)
        earlier = [_json(result) for result in pending.results]
        returns = pending.spec.returns if pending.spec is not None else {}
        about = _returns(returns) if returns else "it does not say what it returns"

        def take(text: str) -> str:
            return self._pass(pending, deed, {"output": json.loads(text)})

        sheet = TextSheet(
            title,
            start,
            take,
            about=about,
            check=lambda text: problems("simulate", text, card, shape_problems),
            earlier=earlier,
            does="the model reads this",
        )
        self.bench.push_screen(sheet)

    def _typed(self, line: str, pending: Pending) -> None:
        from greenroom.commands.stepping.deeds import deed_of

        reply = deed_of(line, pending)
        if problem := self._pass(pending, reply.action, reply.edit):
            self.bench.tell(problem, "warning")

    def _plainly(self, deed: GateDeed, otherwise: str) -> None:
        pending = self._pending()
        problem = otherwise if pending is None else self._pass(pending, deed)
        if problem:
            self.bench.tell(problem, "info" if pending is None else "warning")

    def _pending(self) -> Pending | None:
        session = self.bench.rehearsal.session
        return session.gates.waiting() if session is not None else None

    def _pass(self, pending: Pending, deed: GateDeed, edit: Json = None) -> str:
        """Let the gate go on; what is wrong with that, or ''."""
        from greenroom.core.values import GateReply

        session = self.bench.rehearsal.session
        if session is None or session.gates.waiting(pending.step) is None:
            return "this gate waits no more"
        try:
            reply = GateReply(action=deed, edit=edit, by=person(), established=ESTABLISHED)
            session.pass_gate(pending.step, reply)
        except GreenroomError as error:
            return error.line()
        self.bench.query_one(GateBar).show(None)
        self.bench.redraw_soon()
        return ""


def _card(pending: Pending) -> Card:
    """A card about the call, for the form that an approval has too."""
    from greenroom.core.values import Card, Verdict

    assert pending.call is not None
    assert pending.spec is not None
    verdict = pending.verdict or Verdict(effect="deny", rule="", why=str(pending.value.get("problem", "")))
    return Card(call=pending.call, spec=pending.spec, verdict=verdict)


def _name(pending: Pending) -> str:
    return pending.call.tool if pending.call is not None else ""


def _returns(schema: dict[str, Json]) -> str:
    """The kind of a result in a line: its fields where it has some, else the schema as it is."""
    fields = schema.get("properties")
    if isinstance(fields, dict) and fields:
        return f"it returns an object of {', '.join(fields)}"
    if schema.get("type") == "object" and set(schema) <= {"type", "title", "additionalProperties"}:
        return "it returns an object, and does not say of which fields"
    return f"it returns {json.dumps(schema, ensure_ascii=False)}"


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)
