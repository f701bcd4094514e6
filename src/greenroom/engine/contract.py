"""What governs a session's turns, put together once and replaced as a whole on reload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from greenroom.core.events import ContractLoaded
from greenroom.core.values import ToolSpec, trusted
from greenroom.persona.contract import Persona
from greenroom.policy.port import Policy


@dataclass(frozen=True, slots=True)
class Contract:
    """A persona with its filled prompt, its policy and the tools it may use.

    `texts` are the files behind it by component (`persona`, `prompt`, `policy`, `tools`, `parameters`);
    `digests` the SHA-256 of each. `tools` are the specs the model is shown, `subject` whom memories are about,
    `retention_days` how long each memory segment keeps them (absent: for good). `asked` is the persona and the model as
    they were asked for (`aria@1.2.0`, `''`), by which the same is found on disk again; `own` the components that were
    named for this session and are not what is on disk. `table` names the `[models.NAME]` of greenroom.toml that says how
    the model is reached, '' where it was asked for by its full name.
    """

    persona: Persona
    system: str
    voice: str
    policy: Policy
    tools: tuple[ToolSpec, ...]
    model: str
    texts: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    subject: str = "visitor"
    retention_days: Mapping[str, int] = field(default_factory=dict)
    asked: tuple[str, str] = ("", "")
    own: tuple[str, ...] = ()
    table: str = ""

    @property
    def reached_by(self) -> str:
        """The name to make the model by: its table's, so that it stays with its server and key, else its full one."""
        return self.table or self.model

    @property
    def untrusted(self) -> frozenset[str]:
        """The tools whose results may hold text of strangers."""
        return frozenset(spec.name for spec in self.tools if spec.untrusted)

    def spec(self, tool: str) -> ToolSpec | None:
        """The spec of a tool the persona has, or None."""
        for spec in self.tools:
            if spec.name == tool:
                return spec
        return None

    def loaded(self, known: set[str]) -> ContractLoaded:
        """The event that brings this contract into a log which already holds the texts `known` by digest."""
        return trusted(
            ContractLoaded,
            persona=self.persona.id,
            version=self.persona.version,
            model=self.model,
            autonomy=self.persona.policy.autonomy,
            digests=dict(self.digests),
            own=self.own,
            table=self.table,
            texts={
                digest: self.texts[part]
                for part, digest in self.digests.items()
                if part in self.texts and digest not in known
            },
        )
