"""Colours of the workbench, read from `themes/*.toml`; every colour is a checked hex value before Textual sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from textual.theme import Theme

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.core.values import Frozen
from greenroom.tui.frame.first_look import DEFAULT, VARIABLE_DEFAULTS, as_textual, folder
from greenroom.workspace.own_file import read_written

__all__ = ["DEFAULT", "VARIABLE_DEFAULTS", "Colors", "ThemeFile", "contrast", "folder", "read_theme", "themes"]

Hex = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

TEXT = ("foreground", "quiet", "primary", "secondary", "accent", "success", "warning", "error")
GROUNDS = ("background", "surface", "panel")


class Colors(Frozen):
    """The palette. `quiet` is secondary text, `line` draws rules; the rest are Textual's own names."""

    background: Hex
    surface: Hex
    panel: Hex
    foreground: Hex
    quiet: Hex
    line: Hex
    primary: Hex
    secondary: Hex
    accent: Hex
    success: Hex
    warning: Hex
    error: Hex


class ThemeFile(Frozen):
    """One theme. `code` names the Pygments style of code blocks."""

    schema_: Literal["theme/1"] = Field(alias="schema")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
    dark: bool = True
    code: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] = "one-dark"
    colors: Colors

    def textual(self) -> Theme:
        """The same theme as Textual takes it."""
        return as_textual(self.name, self.colors.model_dump(), dark=self.dark, code=self.code)


def read_theme(path: Path) -> ThemeFile:
    """The theme in a file.

    Raises:
        FileInvalid: it cannot be read, is not TOML, has an unknown key or a colour that is no `#rrggbb`.
    """
    try:
        text = read_written(path)
    except (OSError, UnicodeDecodeError) as error:
        raise FileInvalid(f"cannot be read: {error}", where=path.name, code="theme.unreadable") from None
    return parse(text, ThemeFile, path.name)


def themes(*folders: Path) -> dict[str, ThemeFile]:
    """All themes of the given folders by name, the built-in ones first; a later one of the same name wins.

    Raises:
        FileInvalid: one of the files is broken.
    """
    found: dict[str, ThemeFile] = {}
    for place in (folder(), *folders):
        for path in sorted(place.glob("*.toml")):
            theme = read_theme(path)
            found[theme.name] = theme
    return found


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two hex colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
