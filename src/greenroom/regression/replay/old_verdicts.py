"""Whether what governs a decision now is what governed it when its verdict was put on a tape.

Invariant: what cannot be compared counts as changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.core.values import Json, ToolSpec
from greenroom.persona.contract import Persona
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import compile_policies
from greenroom.policy.port import Policy
from greenroom.policy.verdict.bounds import Role
from greenroom.regression.tape.parts import Parts, part_name


class SameRules:
    """Today's policy beside the one whose text was kept with a tape."""

    def __init__(self, policy: Policy, parts: Parts, digests: Mapping[str, str]) -> None:
        self._policy = policy
        self._parts = parts
        self._digests = digests
        self._found: dict[str, bool] = {}

    def about(self, tool: ToolSpec | None) -> bool:
        """Whether a call of this tool is decided about by the same rules, exceptions, detectors and bounds."""
        if part_name(self._policy.digest) == self._digests.get("policy"):
            return True
        if tool is None or not isinstance(self._policy, RulePolicy):
            return False
        if tool.name not in self._found:
            before = self._before
            same = before is not None and _governing(before, tool) == _governing(self._policy, tool)
            self._found[tool.name] = same
        return self._found[tool.name]

    @cached_property
    def _before(self) -> RulePolicy | None:
        """The policy of then with the tools of today, for the role of then."""
        assert isinstance(self._policy, RulePolicy)
        texts = {part: self._parts.component(self._digests.get(part, "")) for part in ("policy", "persona")}
        if not all(texts.values()):
            return None
        try:
            role = Role.of(parse(texts["persona"], Persona, "the recorded persona"))
            return compile_policies(parted(texts["policy"]), self._policy.tools, role)
        except FileInvalid:
            return None


def _governing(policy: RulePolicy, tool: ToolSpec) -> Json:
    """Everything that a decision about a call of this tool may depend on, in an order of its own."""
    rules = [
        [
            active.rule.model_dump(mode="json", exclude={"test"}),
            sorted(active.kinds),
            active.observed,
            [[one.text, [clause.source for clause in one.when]] for one in active.exceptions],
        ]
        for active in policy.rules
        if "tool.call" in active.rule.hook and (active.tools is None or tool.name in active.tools)
    ]
    asides = [
        [one.text, [clause.source for clause in one.when]] for one in policy.asides if tool.name in (one.tools or ())
    ]
    bounds = sorted(str(bound.envelope.model_dump(mode="json")) for bound in policy.bounds)
    own = sorted(str(kind.spec.model_dump(mode="json", exclude={"why", "test"})) for kind in policy.own)
    role = policy.role
    return [rules, asides, bounds, own, [role.id, role.kind, list(role.tools or ()), role.tools is None]]
