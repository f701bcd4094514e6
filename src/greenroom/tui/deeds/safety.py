"""The deeds that keep a persona in hand: the kill switch, leave given and taken back, dead letters, autonomy, the rules.

Invariant: as in `doing`: every method returns at once, what touches a disk runs beside the screen, an error is a line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING

from greenroom.core.errors import GreenroomError
from greenroom.tui.card.card import ApprovalCard
from greenroom.tui.card.form import Scope
from greenroom.tui.panes.side import Side
from greenroom.tui.person import ESTABLISHED, person
from greenroom.tui.rehearsal import Rehearsal

if TYPE_CHECKING:
    from greenroom.commands.live.actions import Live
    from greenroom.core.events import Record
    from greenroom.core.values import StopScope, Verdict
    from greenroom.tui.card.words import Question
    from greenroom.tui.sheets.leave_sheet import LeaveSheet
    from greenroom.tui.sheets.stop_sheet import StopSheet
    from greenroom.tui.workbench import Workbench
    from greenroom.views.people.approvals import Asked
    from greenroom.views.people.dead_letters import DeadLetter
    from greenroom.views.people.grants import Grant


class SafetyDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self._warned = False
        self._packed: tuple[Asked | None, tuple[str, ...]] = (None, ())

    @property
    def rehearsal(self) -> Rehearsal:
        """The session behind the screen."""
        return self.bench.rehearsal

    def live(self) -> Live | None:
        """The session as the slash words take it; None and a line where nothing is open."""
        session = self.rehearsal.session
        if session is None:
            self.bench.tell("nothing is open", "warning")
            return None
        from greenroom.commands.live.actions import Live

        return Live(self.bench.workspace, session, ESTABLISHED)

    # the kill switch ----------------------------------------------------------------------------------------------

    def stop(self, words: str = "") -> None:
        """The sheet of the kill switch; with words, stop at once what they say."""
        if words and (live := self.live()) is not None:
            from greenroom.commands.control.live import meant

            scope, target, reason = meant(live, words)
            self._press(scope, target, reason)
            return
        from greenroom.tui.sheets.stop_sheet import StopSheet, targets

        if isinstance(self.bench.screen, StopSheet):
            return  # it is up already
        session, contract = self.rehearsal.session, self.rehearsal.contract
        turn = session.open_turn() if session else None
        found = targets(
            session.id if session else "",
            self.rehearsal.folds,
            [spec.name for spec in contract.tools] if contract else [],
            turn.event.turn if turn else 0,
        )
        self.bench.push_screen(StopSheet(self.bench.watching.stops, found))

    def press(self, event: StopSheet.Pressed) -> None:
        """Stop what was chosen on the sheet."""
        self._press(event.target.scope, event.target.target, event.reason)

    def _press(self, scope: StopScope, target: str, reason: str) -> None:
        from greenroom.core.clock import SystemClock, stamp
        from greenroom.core.values import Stop

        stop = Stop(scope=scope, target=target, reason=reason, by=person(), at=stamp(SystemClock().now()))
        self._switch(lambda: self.bench.watching.switch.press(stop))

    def lifted(self, event: StopSheet.Lifted) -> None:
        """End the stop chosen on the sheet."""
        stop, reason = event.ended, event.reason
        self._switch(lambda: self.bench.watching.switch.lift(stop.scope, stop.target, by=person(), reason=reason))

    def lift(self, reason: str = "") -> None:
        """End everything that is stopped, for a reason; without one, the sheet asks for it."""
        if not reason:
            self.stop()
        else:
            self._switch(lambda: self.bench.watching.switch.lift("all", by=person(), reason=reason))

    def _switch(self, act: Callable[[], object]) -> None:
        self._work(self._switched(act), "stop")

    async def _switched(self, act: Callable[[], object]) -> None:
        try:
            await asyncio.to_thread(act)
        except GreenroomError as error:
            self.bench.tell(error.line(), "error")
        self.bench.watching.look()

    def ask_again_after_lift(self) -> None:
        """Put a question again that a stop left behind, so that its answer counts from here and from elsewhere."""
        asked = self.rehearsal.folds.approvals.question()
        if asked is not None and self.rehearsal.unfinished and not self.bench.watching.holding:
            self.bench.doing.resume()

    # leave, dead letters, autonomy --------------------------------------------------------------------------------

    def grant(self, scope: Scope) -> None:
        """Open the form of leave on the card that is shown."""
        card = self.bench.query_one(ApprovalCard)
        if card.question is None:
            self.bench.tell("no question is open", "warning")
        elif not card.grant(scope):
            self.bench.tell("a grant for later calls goes with tool calls that a rule asks about", "warning")

    def approvals(self, first: str = "") -> None:
        """Leave and dead letters; `first` is the section to begin at."""
        from greenroom.tui.sheets.leave_sheet import LeaveSheet

        if self.live() is not None and not isinstance(self.bench.screen, LeaveSheet):
            self.bench.push_screen(LeaveSheet(*self._standing(), first=self._first(first)))

    def _first(self, section: str) -> str:
        """The row to begin at: the first there is something to do about."""
        grants, now, letters = self._standing()
        names = [f"letter:{one.step}" for one in letters]
        held = [f"grant:{one.step}" for one in grants if not one.ended and (one.expires is None or now < one.expires)]
        return next(iter([*names, *held] if section == "letters" else [*held, *names]), "held")

    def _standing(self) -> tuple[Sequence[Grant], str, Sequence[DeadLetter]]:
        from greenroom.core.clock import SystemClock, stamp

        folds = self.rehearsal.folds
        return folds.grants.all, stamp(SystemClock().now()), folds.letters.letters

    def wished(self, event: LeaveSheet.Wished) -> None:
        """Do what was wished on the sheet of leave and letters, and show how things stand then."""
        session = self.rehearsal.session
        if session is None:
            return
        match event.wish:
            case "again":
                self._work(self.rehearsal.ask_again(event.step), "turn")
                return
            case "revoke":
                self.rehearsal.attempt(lambda: session.revoke(event.step, person(), event.reason))
            case "discard":
                self.rehearsal.attempt(lambda: session.discard_letter(event.step, person(), event.reason))
        from greenroom.tui.sheets.leave_sheet import LeaveSheet

        if isinstance(self.bench.screen, LeaveSheet):
            self.bench.screen.show(*self._standing())

    def autonomy(self, words: str = "") -> None:
        """Another level of autonomy, or which one counts."""
        if (live := self.live()) is not None:
            from greenroom.commands.control.live import autonomy

            told = autonomy(live, words)
            self.bench.tell(told.lines[0])
            self.bench.redraw_soon()

    def question(self, asked: Asked, waiting: int) -> Question:
        """A question as the card takes it, with the package of an escalation and the model's own words beside the call."""
        from greenroom.core.events import ReplyGenerated
        from greenroom.tui.card.words import question_of

        records = self.rehearsal.folds.turn_records.get(asked.turn, [])
        replies = [record.event for record in records if isinstance(record.event, ReplyGenerated)]
        said = next((one.text for one in replies if any(call.id == asked.card.call.id for call in one.calls)), "")
        return question_of(asked, waiting, package=self._package(asked), said=said)

    def _package(self, asked: Asked) -> tuple[str, ...]:
        from greenroom.commands.answering.escalated import package_lines
        from greenroom.views.people.escalation import package

        if not (asked.passed or asked.card.verdict.effect == "escalate"):
            return ()
        if self._packed[0] != asked:  # made once: it is put together from the whole log
            found = package(self.rehearsal.folds.records, asked)
            self._packed = (asked, tuple(package_lines(self.bench.workspace, found)) if found else ())
        return self._packed[1]

    def always(self, event: ApprovalCard.Answered) -> None:
        """Propose a rule for review, then answer: the proposal is of the question that is still open."""
        self._work(self._always(event), "always")

    async def _always(self, event: ApprovalCard.Answered) -> None:
        from greenroom.commands.answering.always import always
        from greenroom.commands.invocation import Invocation

        session = self.rehearsal.session
        if session is None or event.proposed is None:
            return
        when, expires = event.proposed
        options = {"workspace": str(self.bench.workspace.root), "session": session.id, "when": when, "expires": expires}
        try:
            proposed = await asyncio.to_thread(always, Invocation(options))
        except GreenroomError as error:
            self.bench.tell(f"nothing was proposed, and the question is still open: {error.line()}", "error")
            self.bench.show_question()
            return
        self.bench.feed.note(f"Proposed for review, nothing changes by it: {proposed.value.path}", "good")
        self.bench.doing.answer(event)

    # rules --------------------------------------------------------------------------------------------------------

    def edit_rule(self) -> None:
        """Open the rule behind the verdict that is selected, or behind the last one that was not a plain allow."""
        from greenroom.tui.sheets.editor import edit, own_editor
        from greenroom.tui.sheets.rule_place import place_of

        verdict = self._verdict()
        if verdict is None:
            self.bench.tell("select a verdict in the Policy pane first", "warning")
            return
        persona = self.rehearsal.contract.persona.id if self.rehearsal.contract else ""
        labels = {one.rule: one.policy for one in verdict.fired}
        rules = dict.fromkeys((verdict.rule, *labels))  # where a default decided, a rule that fired beside it is meant
        places = [place_of(self.bench.workspace, rule, labels.get(rule, ""), persona) for rule in rules]
        place = next((one for one in places if one.path is not None), places[0])
        if (path := place.path) is None:
            self.bench.tell(place.problem, "warning")
            return
        self.bench.outside(lambda: edit(own_editor(), path, place.line))
        self.bench.watching.disk.look()

    def _verdict(self) -> Verdict | None:
        from greenroom.tui.panes.policy import verdict_seq

        folds = self.rehearsal.folds
        now = folds.verdicts.number(self.bench.turn_shown)
        shown = list(now.worth_showing()) if now else []
        slot = next((slot for slot in self.bench.query_one(Side).slots if slot.shown == "Policy"), None)
        seq = verdict_seq(slot.pane.selected) if slot is not None else None
        chosen = next((one for one in shown if one.seq == seq), None)
        loud = next((one for one in reversed(shown) if one.verdict.effect != "allow"), None)
        found = chosen or loud or (shown[-1] if shown else None)
        return found.verdict if found else None

    def flips(self) -> None:
        """Show or hide, in the Policy pane, what the policy read last would have decided otherwise."""
        watching = self.bench.watching
        if not watching.flips:
            self.bench.tell("no past verdict of this session would differ under the policy read last")
            return
        watching.flips_shown = not watching.flips_shown
        self.bench.doing.pane("Policy")
        if watching.flips_shown:
            slot = self.bench.query_one(Side).open("Policy")
            self.bench.call_after_refresh(slot.pane.go_to_top)

    def reload(self) -> None:
        """Read all that people write again now."""
        if self.live() is not None:
            self._work(self.bench.watching.reload(), "reload")

    # ---------------------------------------------------------------------------------------------------------------

    def noted(self, record: Record) -> None:
        """Say what others did: an answer that was not given at this screen, a deadline that went by; and a mild word
        where answers look given without reading.
        """
        from greenroom.core.events import ApprovalGiven, ApprovalPassedOn
        from greenroom.tui.conversation.talk import answered_by
        from greenroom.views.people.dead_letters import DEADLINE

        event = record.event
        if isinstance(event, ApprovalGiven) and event.established == ESTABLISHED:
            warning = self.rehearsal.folds.fatigue.warning
            if warning and not self._warned:
                self.bench.tell(f"{warning}: a narrower rule, or a grant with clauses, asks less often", "warning")
            self._warned = bool(warning)
        elif isinstance(event, ApprovalGiven):
            reason = f": {event.reason}" if event.reason else ""
            if event.approver == DEADLINE:
                reason = "; /dead keeps the question"
            self.bench.tell(answered_by(event.approver, event.established, event.decision) + reason)
        elif isinstance(event, ApprovalPassedOn):
            verb = "is asked now" if event.action == "escalate" else "was told"
            self.bench.tell(f"nobody answered in time: {event.role} {verb}", "warning")

    def remind(self) -> None:
        """Say what an opened session has left to do beside its conversation."""
        count = len(self.rehearsal.folds.letters.letters)
        if count:
            self.bench.tell(
                f"{count} dead letter{'s' if count > 1 else ''}: /dead shows what nobody answered", "warning"
            )

    def _work(self, work: Coroutine[object, object, None], group: str) -> None:
        self.bench.run_worker(self.bench.mishaps.through(work), group=group)
