"""What a tape holds about calls and words in which values became placeholders: what every clause came to that reads them.

Invariant: every clause is held that the policy could have read about such a call, whether it was read or not, and about
words every one that comes to something else without the values; of values nothing is held but whether something is so
about them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from greenroom.core.errors import FileInvalid
from greenroom.core.events import (
    ContractLoaded,
    GatePassed,
    Record,
    ToolReturned,
    ToolStarted,
    VerdictReached,
)
from greenroom.core.toml_text import parse
from greenroom.core.values import Json, Origin
from greenroom.engine.calls.rounds import Round, arguments_by_round
from greenroom.engine.facts import Facts
from greenroom.persona.contract import Persona
from greenroom.persona.voice import lines as voice_lines
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.bundle import parted
from greenroom.policy.language.conditions import Condition, Environment
from greenroom.policy.load import compile_policies
from greenroom.policy.port import Question
from greenroom.policy.verdict.active_rule import Live
from greenroom.policy.verdict.bounds import argument_checks
from greenroom.policy.verdict.sight import clauses_about
from greenroom.regression.record.holding_words import Row, WordsHeld
from greenroom.regression.record.words_asked import Composed
from greenroom.regression.replay.placeholders.held import Place, place_of, placed
from greenroom.regression.replay.placeholders.veil import Veil
from greenroom.regression.tape.tape import Line
from greenroom.views.prompt import transcript
from greenroom.views.prompt.provenance import provenance, sources

_STEP = "/verdict:tool.call:"


def with_facts(
    lines: Sequence[Line],
    recorded: Sequence[Record],
    clean: Sequence[Record],
    policy: RulePolicy,
    placeholders: Collection[str],
    behind: Collection[str] = (),
) -> list[Line]:
    """The lines of a telling of `clean` with what is so about the values that are no longer in it.

    `behind` are placeholders in `recorded` that stood for a value already, so that nothing is known of that.
    """
    if not placeholders:
        return list(lines)
    return placed(lines, dict(_Holder(policy, placeholders, behind).held(recorded, clean)))


class _Told:
    """One telling of a session, followed record by record: the arguments of its calls and whose words they repeat."""

    def __init__(self, policy: RulePolicy) -> None:
        self.arguments: dict[Round, Json] = {}
        self._follows = policy.uses("args_from")
        self._transcript = transcript.EMPTY

    def see(self, record: Record) -> None:
        self.arguments |= arguments_by_round(record)
        if self._follows:
            self._transcript = transcript.fold(self._transcript, record)

    def args_from(self, decided: Round, system: str, untrusted: frozenset[str]) -> dict[str, tuple[Origin, ...]]:
        arguments = self.arguments.get(decided)
        if not self._follows or not isinstance(arguments, dict):
            return {}
        return provenance(arguments, sources(self._transcript, system, untrusted))


class _Holder:
    """Goes over both tellings at once, and keeps what policy knew of the session at each decision."""

    def __init__(self, policy: RulePolicy, placeholders: Collection[str], behind: Collection[str]) -> None:
        self._policy = policy
        self._policies = [policy]
        self._veil = Veil.of({*placeholders, *behind}, policy.own)
        self._behind = Veil.of(behind, policy.own)
        self._untrusted = frozenset(tool.name for tool in policy.tools if tool.untrusted)
        self._facts = Facts(2, policy.reserves, self._untrusted)
        self._composed = Composed()
        self._words = WordsHeld(policy, self._veil, self._behind)
        self._started: set[str] = set()

    def held(self, recorded: Sequence[Record], clean: Sequence[Record]) -> Iterator[tuple[Place, Line]]:
        before, after = _Told(self._policy), _Told(self._policy)
        for old, new in zip(recorded, clean, strict=True):
            event = new.event
            if isinstance(event, VerdictReached) and event.hook == "tool.call":
                decided = event.turn, event.step.partition(_STEP)[2]
                arguments = after.arguments.get(decided)
                if isinstance(arguments, dict):
                    was, now = (self._question(event, told, decided) for told in (before, after))
                    said = event.verdict.why if event.rule == "envelope" else ""
                    if line := self._line(decided, was, now, said):
                        yield place_of(decided, arguments), line
                self._reserve(event, before.arguments.get(decided))
                continue
            if isinstance(event, VerdictReached):
                self._words.decided(event, self._composed, self._facts.now(), self._asked)
                continue
            self._see(old)
            before.see(old)
            after.see(new)
            self._words.see(old, new)
        yield from self._words.lines()

    def _see(self, record: Record) -> None:
        event = record.event
        if isinstance(event, ContractLoaded):
            self._govern(event)
        elif isinstance(event, ToolStarted):
            self._started.add(event.step)
        elif isinstance(event, ToolReturned) and event.step not in self._started:
            self._facts.release(event.step)
        elif isinstance(event, GatePassed) and event.gate == "tool" and event.action == "edit":
            self._facts.release(f"t{event.turn}/tool:{event.step.rpartition(':')[2]}")
        self._facts.see(record)

    def _govern(self, event: ContractLoaded) -> None:
        known = {part: event.texts.get(full, "") for part, full in event.digests.items()}
        level, voice = 2, self._composed.voice
        with suppress(FileInvalid):
            persona = parse(known.get("persona", ""), Persona, "the recorded persona")
            level, voice = persona.policy.autonomy, "\n".join(voice_lines(persona.voice))
        self._composed = Composed(event.model, known.get("prompt", "") or self._composed.system, voice)
        self._facts.govern(level, self._policy.reserves, self._untrusted)
        self._ask_too(known.get("policy", ""))

    def _ask_too(self, text: str) -> None:
        """Hold what the policy of a recorded contract asks too: somebody may go back to it."""
        with suppress(FileInvalid):
            other = compile_policies(parted(text), self._policy.tools, self._policy.role)
            if all(other.digest != one.digest for one in self._policies):
                self._policies.append(other)

    def _reserve(self, event: VerdictReached, arguments: Json) -> None:
        """Count a permitted call as the engine does, before the next one is decided about."""
        step = f"t{event.turn}/tool:{event.step.partition(_STEP)[2].partition('.')[0]}"
        if step in self._started:
            return
        self._facts.release(step)
        if event.effect != "deny" and isinstance(arguments, dict):
            self._facts.reserve(step, event.subject, arguments)

    def _question(self, event: VerdictReached, told: _Told, decided: Round) -> Question:
        step = f"t{event.turn}/tool:{decided[1].partition('.')[0]}"
        return Question(
            hook="tool.call",
            subject=event.subject,
            payload={"args": told.arguments.get(decided)},
            origin="model",
            tool=next((tool for tool in self._policy.tools if tool.name == event.subject), None),
            session=self._facts.now(step),
            args_from=told.args_from(decided, self._composed.system, self._untrusted),
        )

    def _line(self, decided: Round, was: Question, now: Question, said: str) -> Line | None:
        """What is held about one decision; None where nothing of it needs to be. `said` is why it was out of bounds."""
        rows = [*self._clauses(was, now), *self._bounds(was, now, said)]
        if not rows and not self._veil.over(now):
            return None
        line: Line = {"held": decided[1], "clauses": [list(row) for row in dict.fromkeys(rows)]}
        if not self._behind.over(was):
            line["found"] = sorted({finding.detector for finding in self._policy.decide(was).findings})
            line |= {"own": dict(sorted(self._veil.own.items()))} if self._veil.own else {}
        return line

    def _clauses(self, was: Question, now: Question) -> Iterator[Row]:
        findings = self._policy.decide(was).findings
        before, after = Live(was, findings), Live(now, findings)
        for _, environment, condition in self._asked(now):
            known = self._behind.clause(was, condition, environment.types, before.values(environment)) is None
            key = self._veil.clause(now, condition, environment.types, after.values(environment))
            if key is not None and known:
                outcome = condition.outcome(before.activation(environment))
                yield key, outcome if isinstance(outcome, bool) else None, condition.source

    def _asked(self, question: Question) -> Iterator[tuple[str, Environment, Condition]]:
        """Every clause that a policy of today or of then may ask about this."""
        for policy in self._policies:
            yield from clauses_about(question, policy.rules, policy.asides)

    def _bounds(self, was: Question, now: Question, said: str) -> Iterator[Row]:
        if now.tool is None:
            return
        for bound in self._policy.bounds:
            for check in argument_checks(was, now.tool, bound.envelope):
                key = self._veil.bound(now, check.what)
                if key is not None and self._behind.bound(was, check.what) is None:
                    found = list(check.found)
                    what = check.what[0] if check.what[0] == "hosts" else f"sum of {check.what[1]}"
                    # What the tape has of the result says it already, or a placeholder in its place.
                    yield key, bool(found), str(what), *([said] if said and said in found else [])
