"""The ground a fixture is replayed on: a contract, the tools and texts it was made of, and the same with one thing changed.

Invariant: nothing is read or written and no port is open: what a change makes is compiled from what was loaded once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from greenroom.core.canonical import digest
from greenroom.core.clock import Clock
from greenroom.core.ids import Ids
from greenroom.core.values import Json, ToolCall, ToolSpec
from greenroom.engine.contract import Contract
from greenroom.engine.replay.closed import ClosedParts
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.persona.contract import Persona
from greenroom.persona.voice import lines as voice_lines
from greenroom.policy.load import PolicySource, compile_policies
from greenroom.policy.verdict.bounds import Role
from greenroom.regression.replay.closed_session import closed_session
from greenroom.tools.port import Tools


@dataclass(frozen=True, slots=True)
class Ground:
    """What replays run on. `specs` are all tools of the workspace, `sources` the policy files, the built-in pack first.

    `checked` are the tools whose arguments are held to the spec here in place of the tool's own signature.
    """

    contract: Contract
    tools: Tools
    specs: tuple[ToolSpec, ...]
    sources: tuple[PolicySource, ...]
    clock: Clock
    checked: frozenset[str] = frozenset()

    @property
    def fingerprint(self) -> str:
        """Equal for grounds on which every replay goes alike."""
        made = self.contract
        specs = [spec.model_dump(mode="json") for spec in self.specs]
        allowed = [spec.name for spec in made.tools]
        persona = made.persona.model_dump(mode="json", by_alias=True)
        return digest([persona, made.system, made.voice, made.policy.digest, specs, allowed])

    def with_persona(self, changes: Mapping[str, Mapping[str, Any]]) -> Ground:
        """With values of the persona's sections changed, such as `{"limits": {"replies": 3}}`.

        Raises:
            ValueError: no persona may say that (`pydantic.ValidationError`).
            FileInvalid: the policy cannot be compiled for such a persona.
        """
        data = self.contract.persona.model_dump(mode="json", by_alias=True)
        persona = Persona.model_validate(
            {key: {**value, **changes[key]} if key in changes else value for key, value in data.items()}
        )
        allow = persona.tools.allow
        tools = tuple(spec for spec in self.contract.tools if any(fnmatchcase(spec.name, one) for one in allow))
        contract = replace(self.contract, persona=persona, voice="\n".join(voice_lines(persona.voice)), tools=tools)
        made = replace(self, contract=contract)
        return made if Role.of(persona) == Role.of(self.contract.persona) else made.with_sources(self.sources)

    def with_prompt(self, system: str) -> Ground:
        """With another prompt, its variables filled."""
        return replace(self, contract=replace(self.contract, system=system))

    def with_sources(self, sources: Sequence[PolicySource]) -> Ground:
        """With other policy files.

        Raises:
            FileInvalid: they cannot be compiled.
        """
        role = Role.of(self.contract.persona)
        policy = compile_policies(sources, self.specs, role, clock=self.clock)
        return replace(self, sources=tuple(sources), contract=replace(self.contract, policy=policy))

    def with_spec(self, spec: ToolSpec) -> Ground:
        """With another schema of one tool.

        Raises:
            FileInvalid: a rule says something that cannot be said of such a tool.
        """
        specs = tuple(spec if one.name == spec.name else one for one in self.specs)
        allowed = tuple(spec if one.name == spec.name else one for one in self.contract.tools)
        made = replace(self, specs=specs, contract=replace(self.contract, tools=allowed))
        return replace(made.with_sources(self.sources), checked=self.checked | {spec.name})

    def without(self, tool: str) -> Ground:
        """As if the tool were gone, although policy still knows its name."""
        left = tuple(spec for spec in self.contract.tools if spec.name != tool)
        return replace(self, contract=replace(self.contract, tools=left))

    def session(self, recording: Recording, *, persona: str = "", model: str = "", clock: Clock, ids: Ids) -> Session:
        """A `Build` of a replay: a session over a log in memory that is answered by a recording alone."""
        tools = _Schemas(self.tools, self.contract.tools, self.checked) if self.checked else self.tools
        return closed_session(self.contract, tools, recording, clock, ids)


class _Schemas(ClosedParts):
    """Tools of which the changed ones judge arguments by their changed schema; none of them can be called."""

    def __init__(self, tools: Tools, specs: Sequence[ToolSpec], checked: frozenset[str]) -> None:
        super().__init__(tools)
        self._changed = {spec.name: spec for spec in specs if spec.name in checked}

    def problem(self, call: ToolCall) -> str:
        spec = self._changed.get(call.tool)
        if spec is None or call.problem:
            return super().problem(call)
        return _misfit(spec.parameters, call.arguments)


def _misfit(schema: Mapping[str, Json], arguments: Mapping[str, Json]) -> str:
    """Why arguments do not fit a JSON Schema, or ''. A schema that refers to another one elsewhere loads nothing."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types; on use
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    registry: Registry[Json] = Registry()
    try:
        problems = Draft202012Validator(schema, registry=registry).iter_errors(dict(arguments))
        return next((str(problem.message) for problem in problems), "")
    except Unresolvable:
        return ""
