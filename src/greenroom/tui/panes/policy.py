"""The Policy pane: every verdict of a turn with the rule, the clauses and their live values, the risk and the findings.

Invariant: a verdict in which a rule had a say has a row of its own; plain allows are counted in one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.core.values import Effect, Origin
from greenroom.engine.contract import Contract
from greenroom.policy.explain import asks, clause, finding, policy, risk, value_text
from greenroom.tui.card.quoted import quoted_lines, quotes
from greenroom.tui.card.shown import shown_besides
from greenroom.tui.conversation.entries import Entry
from greenroom.tui.conversation.talk import covered
from greenroom.tui.folds import Folds
from greenroom.tui.panes.payloads import origin_of, payload_of, provenance_of
from greenroom.tui.text.runs import Line, Run, Tint, cell, named
from greenroom.views.people.approvals import Asked
from greenroom.views.turns.verdicts import Decided

if TYPE_CHECKING:
    from greenroom.regression.flips import Flip

EFFECTS: dict[Effect, Tint] = {
    "allow": "good",
    "redact": "wait",
    "require_approval": "wait",
    "escalate": "wait",
    "deny": "bad",
}
_EFFECT = 9
"""Cells of the column of effects: `escalate` and a gap."""
_SHORT: dict[Effect, str] = {"require_approval": "ask"}


class Verdicts:
    """Makes the entries of verdicts. Whose words an argument repeats is looked up once for each."""

    def __init__(self) -> None:
        self._repeats: dict[int, dict[str, tuple[Origin, ...]]] = {}

    def entries(self, folds: Folds, turn: int, contract: Contract | None) -> list[Entry]:
        """The verdicts of turn `turn` (from 1)."""
        now = folds.verdicts.number(turn)
        if now is None or not now.decided:
            return []
        shown = now.worth_showing()
        plain = [one for one in now.decided if one not in shown]
        rows = [Entry("head", "section", _counted(len(now.decided)), aside=policy(now.decided[-1].verdict))]
        loud = next((one.seq for one in reversed(shown) if one.verdict.effect != "allow"), 0)
        rows += [_row(one, self._body(folds, turn, one, contract), open=one.seq == loud) for one in shown]
        if plain:
            body = tuple(_plain(one) for one in plain)
            head = (
                cell("allow", _EFFECT, "good"),
                Run(f"{len(plain)}{' more,' if shown else ''} where no rule spoke", "quiet"),
            )
            rows.append(Entry("plain", "row", head=head, body=body))
        return rows

    def _body(self, folds: Folds, turn: int, one: Decided, contract: Contract | None) -> tuple[Line, ...]:
        found = quotes(payload_of(folds, turn, one, contract), one.verdict.findings) if one.verdict.findings else []
        lines = [*_reasons(one), *quoted_lines(found), *_sources(folds, turn, one)]
        if one.hook == "tool.call":
            if one.seq not in self._repeats:
                self._repeats[one.seq] = provenance_of(folds, turn, one, contract)
            lines += [
                named("repeats", f"args.{name.removeprefix('args.')}: words from {', '.join(origins)}", _worry(origins))
                for name, origins in sorted(self._repeats[one.seq].items())
                if origins
            ]
        lines += [named("unseen", item, "bad") for item in one.verdict.unchecked]
        return (*lines, *_people(folds, turn, one))


def _counted(number: int) -> str:
    return f"{number} verdict{'' if number == 1 else 's'}"


def changed(flips: Sequence[Flip]) -> list[Entry]:
    """Past verdicts of any turn that the policy read last would decide otherwise."""
    if not flips:
        return []
    return [Entry("flips", "section", f"{len(flips)} would differ now", aside="was → would be"), *map(_flip, flips)]


def _flip(flip: Flip) -> Entry:
    was, now = flip.before, flip.after
    head = (
        cell(f"turn {flip.turn}", 9, "quiet"),
        cell(flip.question.hook, 12, "quiet"),
        Run(was.rule, "strong"),
        Run(f"  {flip.question.subject}"),
    )
    beside = (
        Run(_SHORT.get(was.effect, was.effect), EFFECTS[was.effect]),
        Run(" → ", "quiet"),
        Run(_SHORT.get(now.effect, now.effect), EFFECTS[now.effect]),
    )
    body = (
        named("was", f"{was.effect} by {was.rule}: {was.why}"),
        named("would be", f"{now.effect} by {now.rule}: {now.why}"),
        named(
            "means",
            "something gets through that did not" if flip.looser else "stricter",
            "bad" if flip.looser else "good",
        ),
    )
    return Entry(f"flip:{flip.record}", "row", head=head, beside=beside, body=body)


def verdict_seq(entry: Entry | None) -> int | None:
    """The record of the verdict an entry of the pane stands for."""
    return int(entry.id[8:]) if entry is not None and entry.id.startswith("verdict:") else None


def _worry(origins: Sequence[Origin]) -> Tint:
    return "wait" if {"web", "tool", "passage"} & set(origins) else "quiet"


def _sources(folds: Folds, turn: int, one: Decided) -> list[Line]:
    origin = origin_of(folds, turn, one)
    return [named("text of", origin, "wait" if origin == "web" else "quiet")] if origin else []


def _people(folds: Folds, turn: int, one: Decided) -> list[Line]:
    """Who is asked because of a verdict, and who answered."""
    lines = [named("asks", asks(one.verdict))] if one.verdict.ask is not None else []
    if not one.verdict.blocks:
        return lines
    questions = (*folds.approvals.answered, *folds.approvals.open)
    mine = [asked for asked in questions if asked.turn == turn and _about(asked, one)]
    return [*lines, *(named("answer", _answer(asked), "person" if asked.given else "wait") for asked in mine)]


def _about(asked: Asked, one: Decided) -> bool:
    return asked.card.hook == one.hook and asked.card.verdict == one.verdict


def _answer(asked: Asked) -> str:
    given = asked.given
    if given is None:
        return f"open; {asked.role} is asked"
    if given.established.startswith("grant "):
        return f"{covered(given.established)}, given by {given.approver or 'somebody'}"
    how = f" ({given.established})" if given.established else ""
    wide = f", for this {given.scope} while {' and '.join(given.when)}" if given.scope != "once" else ""
    until = f", until {given.expires[11:16]} UTC" if given.expires else ""
    reason = f": {given.reason}" if given.reason else ""
    return f"{given.decision} by {given.approver or 'somebody'}{how}{wide}{until}{reason}"


def _plain(one: Decided) -> Line:
    return (cell(one.hook, 13, "quiet"), Run(one.subject or "the words"))


def _row(one: Decided, body: tuple[Line, ...], *, open: bool) -> Entry:
    verdict = one.verdict
    head = (
        cell(_SHORT.get(verdict.effect, verdict.effect), _EFFECT, EFFECTS[verdict.effect]),
        cell(one.hook, 12, "quiet"),
        Run(verdict.rule, "strong"),  # before what it is about: where the row is cut, the rule stays
        Run(f"  {one.subject}" if one.hook in ("tool.call", "tool.result", "retrieval") else ""),
    )
    beside = (Run(f"risk {verdict.risk}", _risk_tint(verdict.risk)),)
    return Entry(f"verdict:{one.seq}", "row", head=head, beside=beside, body=body, open=open)


def _risk_tint(points: int) -> Tint:
    return "bad" if points >= 70 else "wait" if points >= 40 else "quiet"


def _reasons(one: Decided) -> list[Line]:
    """Why, risk, policy, the rules with their clauses, what was found."""
    verdict = one.verdict
    lines = [
        named("why", verdict.why),
        named("risk", risk(verdict), _risk_tint(verdict.risk)),
        named("policy", f"{policy(verdict)} · autonomy {verdict.autonomy}", "quiet"),
    ]
    for fired in verdict.fired:
        watched = " (observed only)" if fired.observed else ""
        lines.append(named("rule", f"{fired.rule} → {fired.effect}{watched}", EFFECTS[fired.effect]))
        lines += [_clause(clause(item), item.outcome) for item in fired.clauses]
    lines += [named("shown", f"{name} = {value_text(value)}", "key") for name, value in shown_besides(verdict).items()]
    return [*lines, *(named("found", finding(item), "wait") for item in verdict.findings)]


def _clause(text: str, outcome: str) -> Line:
    mark, tint = {"true": ("✓", "key"), "false": ("·", "quiet"), "error": ("!", "bad")}[outcome]
    tone: Tint = "bad" if tint == "bad" else "quiet" if tint == "quiet" else "key"
    return (Run(" " * 10), Run(f"{mark} ", tone), Run(text, "plain" if outcome == "true" else "quiet"))
