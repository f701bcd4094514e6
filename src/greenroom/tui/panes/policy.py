"""The Policy pane: every verdict of a turn with the rule, the clauses and their live values, the risk and the findings.

Invariant: a verdict in which a rule had a say has a row of its own; plain allows are counted in one.
"""

from __future__ import annotations

from greenroom.core.values import Effect, Finding, Json, ToolCall
from greenroom.policy.explain import clause, finding, policy, risk, value_text
from greenroom.tui.entries import Entry
from greenroom.tui.folds import Folds
from greenroom.tui.runs import Line, Run, Tint, cell, marked, named
from greenroom.tui.shown import shown_besides
from greenroom.views.verdicts import Decided

EFFECTS: dict[Effect, Tint] = {
    "allow": "good",
    "redact": "wait",
    "require_approval": "wait",
    "escalate": "wait",
    "deny": "bad",
}
_SHORT: dict[Effect, str] = {"require_approval": "ask"}


def entries(folds: Folds, turn: int) -> list[Entry]:
    """The verdicts of turn `turn` (from 1)."""
    now = folds.verdicts.number(turn)
    if now is None or not now.decided:
        return []
    shown = now.worth_showing()
    plain = [one for one in now.decided if one not in shown]
    rows = [Entry("head", "section", f"{len(now.decided)} verdicts", aside=policy(now.decided[-1].verdict))]
    loud = next((one.seq for one in reversed(shown) if one.verdict.effect != "allow"), 0)
    rows += [_row(one, _text_of(folds, turn, one), open=one.seq == loud) for one in shown]
    if plain:
        body = tuple(_plain(one) for one in plain)
        head = (cell("allow", 7, "good"), Run(f"{len(plain)} more, where no rule spoke", "quiet"))
        rows.append(Entry("plain", "row", head=head, body=body))
    return rows


def _plain(one: Decided) -> Line:
    return (cell(one.hook, 13, "quiet"), Run(one.subject or "the words"))


def _row(one: Decided, text: str, *, open: bool) -> Entry:
    verdict = one.verdict
    head = (
        cell(_SHORT.get(verdict.effect, verdict.effect), 7, EFFECTS[verdict.effect]),
        cell(one.hook, 12, "quiet"),
        Run(f"{one.subject}  " if one.hook in ("tool.call", "tool.result", "retrieval") else ""),
        Run(verdict.rule, "strong"),
    )
    return Entry(
        f"verdict:{one.seq}",
        "row",
        head=head,
        beside=(Run(f"risk {verdict.risk}", _risk_tint(verdict.risk)),),
        body=tuple(_body(one, text)),
        open=open,
    )


def _risk_tint(points: int) -> Tint:
    return "bad" if points >= 70 else "wait" if points >= 40 else "quiet"


def _body(one: Decided, text: str) -> list[Line]:
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
    lines += [named("found", finding(item), "wait") for item in verdict.findings]
    if verdict.findings and text:
        lines.append(named("in", "", room=9) + _highlighted(text, verdict.findings))
    lines += [named("unseen", item, "bad") for item in verdict.unchecked]
    if verdict.ask is not None:
        lines.append(named("asks", f"{verdict.ask.role}, then {', '.join(verdict.ask.then)}"))
    return lines


def _clause(text: str, outcome: str) -> Line:
    mark, tint = {"true": ("✓", "key"), "false": ("·", "quiet"), "error": ("!", "bad")}[outcome]
    tone: Tint = "bad" if tint == "bad" else "quiet" if tint == "quiet" else "key"
    return (Run(" " * 10), Run(f"{mark} ", tone), Run(text, "plain" if outcome == "true" else "quiet"))


def _highlighted(text: str, findings: tuple[Finding, ...]) -> Line:
    return marked(text, [(item.start, item.end) for item in findings])


def _text_of(folds: Folds, turn: int, one: Decided) -> str:
    """The text that the first finding's span counts in, as far as the views hold it."""
    if not one.verdict.findings:
        return ""
    path = one.verdict.findings[0].path
    same = [item for item in one.verdict.findings if item.path == path]
    if len(same) != len(one.verdict.findings):
        return ""
    now = folds.transcript.number(turn)
    if one.hook == "input" and now is not None:
        return now.words
    if one.hook == "output" and now is not None:
        return now.released
    calls = folds.tools.number(turn)
    call = next((c.call for c in calls.calls if one.step.endswith(f":{c.call.id}")), None) if calls else None
    return _argument(call, path) if call is not None and one.hook == "tool.call" else ""


def _argument(call: ToolCall, path: str) -> str:
    value: Json = call.arguments
    for name in path.removeprefix("args.").split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""
