"""What a look at policy files comes to, one remark at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One thing found. A `problem` keeps the policy from working as written, a `warning` does not."""

    level: Literal["problem", "warning"]
    message: str
    where: str = ""
    hint: str = ""

    def line(self) -> str:
        """The one line shown to a person."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return f"{head} ({self.hint})" if self.hint else head
