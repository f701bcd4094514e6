"""What governed a tape when it was recorded, beside what governs now: what was asked then, and whether that is the same.

Invariant: what cannot be compared counts as changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.core.values import Json, ToolSpec
from greenroom.persona.contract import Persona
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import LoadedPolicy, compile_policies, load_file
from greenroom.policy.port import Policy
from greenroom.policy.verdict.bounds import Role
from greenroom.regression.replay.placeholders.veil import meaning
from greenroom.regression.tape.parts import Parts, part_name


class Before:
    """The texts kept with a tape, and today's policy for a contract of this autonomy."""

    def __init__(self, policy: Policy, parts: Parts, digests: Mapping[str, str], level: int) -> None:
        self._policy = policy
        self._parts = parts
        self._digests = digests
        self._level = level
        self._found: dict[str, bool] = {}

    def governed(self, tool: ToolSpec | None) -> bool:
        """Whether a call of this tool is decided about by the same rules, exceptions, detectors, bounds and autonomy."""
        name = tool.name if tool is not None else ""
        if name not in self._found:
            self._found[name] = self._same_level and (self._same_policy or self._same_about(tool))
        return self._found[name]

    def asked(self, clause: str) -> bool:
        """Whether a rule or an exception of then had this very clause."""
        return self._same_policy or clause in self._clauses

    def looked(self, kind: str, what: str) -> bool:
        """Whether this very detector was there."""
        return self._same_policy or self._detectors.get(kind) == what

    @property
    def _same_policy(self) -> bool:
        return part_name(self._policy.digest) == self._digests.get("policy")

    @cached_property
    def _same_level(self) -> bool:
        if "persona" not in self._digests:  # a policy by itself, of which nobody acts
            return True
        return self._persona is not None and self._persona.policy.autonomy == self._level

    def _same_about(self, tool: ToolSpec | None) -> bool:
        if tool is None or not isinstance(self._policy, RulePolicy) or self._persona is None or not self._files:
            return False
        known = self._specs.get(tool.name)
        if known is None or _decisive(known) != _decisive(tool):
            return False
        try:
            sources = [file.source for file in self._files]
            before = compile_policies(sources, self._policy.tools, Role.of(self._persona))
        except FileInvalid:
            return False
        return bool(_governing(before, tool) == _governing(self._policy, tool))

    @cached_property
    def _persona(self) -> Persona | None:
        try:
            return parse(self._text("persona"), Persona, "the recorded persona")
        except FileInvalid:
            return None

    @cached_property
    def _files(self) -> tuple[LoadedPolicy, ...]:
        try:
            return tuple(map(load_file, parted(self._text("policy"))))
        except FileInvalid:
            return ()

    @cached_property
    def _specs(self) -> dict[str, ToolSpec]:
        try:
            specs = [ToolSpec.model_validate(spec) for spec in json.loads(self._text("tools") or "[]")]
        except (ValueError, TypeError):  # what pydantic and json raise are ValueErrors
            return {}
        return {spec.name: spec for spec in specs}

    @cached_property
    def _clauses(self) -> frozenset[str]:
        return frozenset(clause for file in self._files for clause in _clauses_of(file))

    @cached_property
    def _detectors(self) -> dict[str, str]:
        return {spec.id: meaning(spec) for file in self._files for spec in file.policy.detector}

    def _text(self, part: str) -> str:
        return self._parts.component(self._digests.get(part, ""))


def _decisive(tool: ToolSpec) -> Json:
    """What of a tool a decision may depend on."""
    read = {"name", "effects", "reversible", "outbound", "untrusted", "sensitivity", "parameters"}
    return tool.model_dump(mode="json", include=read)


def _clauses_of(file: LoadedPolicy) -> Iterator[str]:
    for rule in file.policy.rule:
        yield from rule.when
        yield from (clause for group in rule.any for clause in group)
        yield from (clause for clause, _ in rule.risk.add)
    for exception in file.policy.exception:
        yield from exception.when


def _governing(policy: RulePolicy, tool: ToolSpec) -> Json:
    """Everything that a decision about a call of this tool may depend on, in an order of its own."""
    rules = [
        [active.rule.model_dump(mode="json", exclude={"test"}), sorted(active.kinds), active.observed]
        + [[one.text, [clause.source for clause in one.when]] for one in active.exceptions]
        for active in policy.rules
        if "tool.call" in active.rule.hook and (active.tools is None or tool.name in active.tools)
    ]
    asides = [
        [one.text, [clause.source for clause in one.when]] for one in policy.asides if tool.name in (one.tools or ())
    ]
    bounds = sorted(str(bound.envelope.model_dump(mode="json")) for bound in policy.bounds)
    own = sorted([kind.spec.id, meaning(kind.spec)] for kind in policy.own)
    role = policy.role
    return [rules, asides, bounds, own, [role.id, role.kind, list(role.tools or ()), role.tools is None]]
