"""Verdicts: every rule that fires, the role's bounds and autonomy, and of all of these the strictest.

Invariant: `decide` never raises, no order of rules or files matters, and whatever cannot be evaluated restricts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from greenroom.core.values import Ask, Effect, Finding, Fired, Hook, Json, ToolSpec, Verdict, trusted
from greenroom.detectors.find import Scan, scan
from greenroom.detectors.masks import Masks, mask_all, redact, with_masks
from greenroom.detectors.own import NONE, OwnDetector, OwnDetectors
from greenroom.detectors.stream import settled
from greenroom.persona.voice import broken
from greenroom.policy.files.finding_kinds import OwnKind
from greenroom.policy.files.rules import EFFECTS, AskSpec, seconds
from greenroom.policy.port import Question
from greenroom.policy.verdict import autonomy
from greenroom.policy.verdict.active_rule import ActiveRule, Live, Match, Setting, relevant, show_values
from greenroom.policy.verdict.bounds import Bound, Role, added, breaches
from greenroom.policy.verdict.leave import clause_problem, covers
from greenroom.policy.verdict.sight import SeenLive, Sight

_STRICTNESS = {effect: place for place, effect in enumerate(EFFECTS)}
_HINT_RISK = 15
SUBJECT = "(subject)"


@dataclass(frozen=True, slots=True)
class _Reason:
    """One thing that speaks for an effect. Of equally strict ones bounds come first, then rules by id, then autonomy."""

    effect: Effect
    rank: int
    rule: str
    why: str
    policy: str
    match: Match | None = None

    @property
    def order(self) -> tuple[int, int, str, str, str]:
        return (-_STRICTNESS[self.effect], self.rank, self.rule, self.policy, self.why)


_PASSED = _Reason("allow", 3, "default", "No rule speaks against it.", "")


@dataclass(slots=True)
class _Case:
    """A question on its way to a verdict."""

    question: Question
    scanned: Scan
    live: Live
    level: int
    matches: list[Match] = field(default_factory=list)
    reasons: list[_Reason] = field(default_factory=list)
    aside: tuple[Setting, str] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.scanned.findings


class RulePolicy:
    """All policy files of a session, for one role. `masks` are those of the session."""

    def __init__(
        self,
        rules: Iterable[ActiveRule],
        bounds: Sequence[Bound],
        role: Role,
        tools: Iterable[ToolSpec],
        *,
        label: str,
        digest: str,
        masks: Masks,
        own: Sequence[OwnKind] = (),
        asides: Iterable[Setting] = (),
    ) -> None:
        self.label = label
        self.role = role
        self.masks = masks
        self.own = tuple(own)
        self.detectors = OwnDetectors(tuple(kind.detector for kind in self.own)) if own else NONE
        masks.call(self.detectors.labels)
        self.rules = tuple(sorted(rules, key=lambda active: active.order))
        self.asides = tuple(sorted(asides, key=lambda setting: (setting.policy, setting.text)))
        self.bounds = tuple(bounds)
        self._tools = {tool.name: tool for tool in tools}
        self._digest = digest
        self.sight: Sight | None = None
        self._by_place: dict[tuple[Hook, str, bool], tuple[ActiveRule, ...]] = {}
        self._default = replace(_PASSED, policy=label)
        self._passed: dict[int, Verdict] = {}
        self._watched = frozenset(hook for active in self.rules for hook in active.rule.hook)
        environments = [*(rule.environment for rule in self.rules), *(aside.environment for aside in self.asides)]
        self._read = frozenset().union(*(environment.reads for environment in environments))
        self._streamed = self._acting("output")

    @property
    def digest(self) -> str:
        """SHA-256 over the policies' meaning, the role and the tools' schemas; comments and order do not matter."""
        return self._digest

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools it was compiled with."""
        return tuple(self._tools.values())

    def apart(self, masks: Masks) -> RulePolicy:
        """The same policy with other masks: what it masks there counts for nothing in its session."""
        other = copy(self)
        other.masks = masks
        masks.call(self.detectors.labels)
        return other

    def seeing(self, sight: Sight) -> RulePolicy:
        """The same policy, which is told what it cannot see for itself."""
        other = copy(self)
        other.sight = sight
        return other

    @property
    def private_kinds(self) -> frozenset[str]:
        """The workspace's own kinds that some rule masks or denies, wherever it does."""
        acting = (one for one in self.rules if one.rule.then in ("redact", "deny") and not one.observed)
        own = {kind.spec.id for kind in self.own}
        return frozenset(kind for one in acting for kind in one.kinds if kind in own)

    def decide(self, question: Question) -> Verdict:
        """The verdict on `question`. Never raises: an internal fault denies and says so."""
        try:
            return self._verdict(question)
        except Exception as error:  # noqa: BLE001  # a policy that breaks must not let anything pass
            return Verdict(
                effect="deny",
                rule="policy.fault",
                why=f"The policy could not decide ({type(error).__name__}), so nothing is allowed.",
                policy=self.label,
                policy_digest=self._digest,
                unchecked=("everything",),
            )

    def may_deny(self, hook: Hook) -> bool:
        """Whether an enforced rule could stop something at `hook`."""
        return any(
            hook in active.rule.hook and not active.observed and _STRICTNESS[active.rule.then] > _STRICTNESS["redact"]
            for active in self.rules
        )

    def watches(self, hook: Hook) -> bool:
        """Whether any rule speaks about `hook`."""
        return hook in self._watched

    def uses(self, name: str) -> bool:
        """Whether any clause reads `name`."""
        return name in self._read

    def covers(self, question: Question, when: Sequence[str]) -> bool:
        """Whether all of these clauses hold for a call; False where one cannot be compiled or evaluated."""
        return question.tool is not None and covers(question.tool, question, when)

    def clause_problem(self, tool: ToolSpec, when: Sequence[str]) -> str:
        """Why these clauses cannot be used about calls of `tool`, or ''."""
        return clause_problem(tool, when)

    def settled(self, text: str) -> int:
        """How much of a reply that is still growing may be shown: what no detector can reach back into any more."""
        return settled(text, self._streamed)

    def _acting(self, hook: Hook) -> tuple[OwnDetector, ...]:
        """The workspace's own detectors whose findings an enforced rule masks at `hook`."""
        acting: frozenset[str] = frozenset().union(
            *(active.kinds for active in self.rules if hook in active.rule.hook and not active.observed)
        )
        return tuple(detector for detector in self.detectors.detectors if detector.id in acting)

    def reserves(self, tool: str, arguments: Mapping[str, Json]) -> dict[str, float]:
        """What a permitted call adds to each limited sum, by `tool:args.path:period`."""
        return added(self._tools.get(tool), arguments, self.bounds)

    def _verdict(self, question: Question) -> Verdict:
        scanned = self._scan(question)
        if scanned.unchecked:
            return self._refused(question, scanned)
        case = self._case(question, scanned)
        for breach in breaches(question, self.role, self.bounds, self.sight):
            case.reasons.append(_Reason("deny", 0, breach.rule, breach.why, breach.policy or self.label))
        kinds = relevant(scanned.findings)
        for active in self._rules_at(question, found=bool(kinds)):
            if found := active.match(case.live, kinds):
                case.matches.append(found)
                if not found.observed:
                    rule = active.rule
                    case.reasons.append(_Reason(rule.then, 1, rule.id, rule.why, active.policy, found))
        if not (case.matches or case.reasons or kinds) and question.hook != "tool.call":
            return self._nothing_against(case.level)
        addends = _addends(case, kinds)
        risk = max(0, min(100, sum(points for _, points in addends)))
        if question.hook == "tool.call" and question.tool is not None:
            self._add_autonomy(case, question.tool, risk)
        return self._concluded(case, addends, risk)

    def _scan(self, question: Question) -> Scan:
        """Findings in everything the question holds: the payload, the subject, and at output the words ruled out."""
        payload: Mapping[str, Json] = question.payload
        if question.subject:
            payload = {SUBJECT: question.subject, **payload}
        scanned = scan(payload, self.detectors)
        text = payload.get("text")
        if question.hook == "output" and self.role.never and isinstance(text, str):
            scanned = Scan(scanned.findings + broken(text, self.role.never), scanned.unchecked)
        if self.sight is None:
            return scanned
        found = self.sight.found(question, scanned.findings, self._looked_for(question))
        return scanned if found is None else Scan(found, scanned.unchecked)

    def _looked_for(self, question: Question) -> frozenset[str]:
        """The kinds of findings that some rule here looks for."""
        return frozenset().union(*(active.kinds for active in self._rules_at(question, found=True)))

    def _case(self, question: Question, scanned: Scan) -> _Case:
        level = autonomy.lowered(question.session.autonomy, question.session.taint)
        found = scanned.findings
        live = Live(question, found) if self.sight is None else SeenLive(question, found, self.sight)
        return _Case(question, scanned, live, level)

    def _rules_at(self, question: Question, *, found: bool) -> tuple[ActiveRule, ...]:
        """The rules at this hook and, where there is one, for this tool; without findings, those that need none."""
        tool = question.tool.name if question.tool else ""
        place = (question.hook, tool, found)
        if place not in self._by_place:
            self._by_place[place] = tuple(
                active
                for active in self.rules
                if question.hook in active.rule.hook
                and (active.tools is None or tool in active.tools)
                and (found or not active.kinds)
            )
        return self._by_place[place]

    def _nothing_against(self, level: int) -> Verdict:
        """The verdict on what has no findings and meets no rule: the same for all of it, so it is made once."""
        if level not in self._passed:
            self._passed[level] = Verdict(
                effect=_PASSED.effect,
                rule=_PASSED.rule,
                why=_PASSED.why,
                policy=self.label,
                policy_digest=self._digest,
                autonomy=level,
            )
        return self._passed[level]

    def _add_autonomy(self, case: _Case, tool: ToolSpec, risk: int) -> None:
        """What autonomy says. A rule that asks overrides it by being at least as strict, unless it defers to it."""
        session = case.question.session
        effect, why = autonomy.decide(case.level, tool, risk)
        if case.level != session.autonomy:
            why += f" (Level {session.autonomy}, lowered by untrusted text.)"
        setting = next((one for one in self.asides if one.sets_aside(case.question, case.live)), None)
        if effect == "require_approval" and setting is not None:
            # Set aside for itself only: a rule that would leave the call to autonomy still asks.
            case.aside = (setting, why)
            effect, why = "allow", f"{why} Set aside: {setting.text}"
        else:
            case.reasons = [
                reason for reason in case.reasons if not (reason.match and reason.match.active.rule.autonomy_may)
            ]
        case.reasons.append(_Reason(effect, 2, "autonomy", why, self.label))
        if together := autonomy.unattended(tool, session.taint):
            case.reasons.append(_Reason("require_approval", 0, "taint", together, self.label))

    def _concluded(self, case: _Case, addends: tuple[tuple[str, int], ...], risk: int) -> Verdict:
        chosen = min((*case.reasons, self._default), key=lambda reason: reason.order)
        payload, findings = self._masked(case)
        shown_live = self._live_after(case, payload)
        matches = sorted(case.matches, key=lambda one: (-_STRICTNESS[one.active.rule.then], one.active.order))
        return trusted(
            Verdict,
            effect=chosen.effect,
            rule=chosen.rule,
            why=chosen.why,
            policy=chosen.policy,
            policy_digest=self._digest,
            risk=risk,
            addends=addends,
            autonomy=case.level,
            fired=(*(match.fired(shown_live) for match in matches), *_set_aside(case, shown_live)),
            findings=findings,
            unchecked=_unchecked(matches),
            show=_shown(matches, case, payload, shown_live),
            ask=_ask(chosen),
            payload=payload,
        )

    def _masked(self, case: _Case) -> tuple[Json, tuple[Finding, ...]]:
        """The payload with exactly the spans of the redacting rules masked, or None; and the findings with their masks."""
        kinds: frozenset[str] = frozenset().union(
            *(one.active.kinds for one in case.matches if one.active.rule.then == "redact" and not one.observed)
        )
        if not kinds:
            return None, case.findings
        whole = {SUBJECT: case.question.subject, **case.question.payload}
        wanted = [item for item in case.findings if item.detector in kinds]
        masked = dict(zip(wanted, with_masks(whole, wanted, self.masks), strict=True))
        payload = redact(case.question.payload, wanted, self.masks)
        payload = mask_all(payload, kinds.__contains__, self.masks, self.detectors)
        return payload, tuple(masked.get(item, item) for item in case.findings)

    def _live_after(self, case: _Case, payload: Json) -> Live:
        """The values that may be kept: those of the masked payload, where something was masked."""
        if not isinstance(payload, dict):
            return case.live
        return Live(case.question.model_copy(update={"payload": payload}), case.scanned.findings)

    def _refused(self, question: Question, scanned: Scan) -> Verdict:
        """What cannot be checked as a whole does not pass, and none of it is handed to a native engine."""
        return trusted(
            Verdict,
            effect="deny",
            rule="unchecked",
            why=f"It could not be checked: {'; '.join(scanned.unchecked)}.",
            policy=self.label,
            policy_digest=self._digest,
            autonomy=question.session.autonomy,
            findings=scanned.findings[:50],
            unchecked=scanned.unchecked,
        )


def _addends(case: _Case, kinds: frozenset[str]) -> tuple[tuple[str, int], ...]:
    """The parts of the risk, in an order that follows from the rules alone."""
    parts = [part for one in case.matches if not one.observed for part in one.addends]
    if "injection.hint" in kinds:
        parts.append(("injection.hint", _HINT_RISK))
    return tuple(parts)


def _unchecked(matches: Sequence[Match]) -> tuple[str, ...]:
    return tuple(
        f"{one.active.rule.id}: {condition.source} ({outcome})"
        for one in matches
        for condition, outcome in one.outcomes
        if isinstance(outcome, str)
    )


def _shown(matches: Sequence[Match], case: _Case, payload: Json, live: Live) -> dict[str, Json]:
    """What the rules that fired want a person to see."""
    source = payload if isinstance(payload, dict) else case.question.payload
    found: dict[str, Any] = {}
    for one in matches:
        if one.active.rule.show:
            found |= show_values(one.active.rule.show, source, live.values(one.active.environment))
    return found


def _set_aside(case: _Case, live: Live) -> tuple[Fired, ...]:
    """The record of the question that autonomy would have asked."""
    if case.aside is None:
        return ()
    setting, why = case.aside
    return (setting.fired(live, "require_approval", why),)


def _ask(chosen: _Reason) -> Ask | None:
    """Whom to ask: as the deciding rule says, else the operator."""
    if chosen.effect not in ("require_approval", "escalate"):
        return None
    spec = (chosen.match.active.rule.ask if chosen.match else None) or AskSpec()
    deadline = seconds(spec.deadline) if spec.deadline else None
    return Ask(role=spec.role, deadline_seconds=deadline, then=spec.then, runbook=spec.runbook)
