"""The colours of a conversation, taken from the theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours a painter needs, as hex values, and the Pygments style of code."""

    foreground: str = "#d8dee6"
    background: str = "#11151a"
    surface: str = "#181d24"
    panel: str = "#212832"
    quiet: str = "#909cab"
    line: str = "#313a46"
    primary: str = "#7cc59a"
    secondary: str = "#8ab4e8"
    accent: str = "#d9b36c"
    success: str = "#7cc59a"
    warning: str = "#e0b060"
    error: str = "#ec8585"
    code: str = "one-dark"

    @classmethod
    def of(cls, variables: Mapping[str, str], code: str = "one-dark") -> Palette:
        """The palette of a theme's variables; a name that is no plain colour keeps its default."""
        names = (name for name in cls.__dataclass_fields__ if name != "code")
        known = {name: variables[name][:7] for name in names if variables.get(name, "").startswith("#")}
        return cls(code=code, **known)

    def tone(self, tone: str) -> str:
        """The colour of a tone."""
        return {"good": self.success, "wait": self.warning, "bad": self.error, "quiet": self.quiet}.get(
            tone, self.foreground
        )
