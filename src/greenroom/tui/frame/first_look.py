"""The default theme, read with nothing but the standard library, so that the first paint waits for nothing else.

Invariant: it is the theme `theme.read_theme` reads from the same file; a file that is not as we ship it gives none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from textual.theme import Theme

DEFAULT = "greenroom-dark"
VARIABLE_DEFAULTS = {"quiet": "#909cab", "line": "#313a46", "code-theme": "one-dark"}
"""Values of the variables Textual does not know, for `App.get_theme_variable_defaults`."""

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


def folder() -> Path:
    """Where the built-in themes lie: inside the wheel, or the repository's `themes/` in a checkout."""
    package = Path(__file__).resolve().parents[2]
    packed = package / "_themes"
    return packed if packed.is_dir() else package.parent.parent / "themes"


def first_look() -> Theme | None:
    """The default theme, or None where its file is not as it was shipped; `theme.themes` then says what is wrong."""
    try:
        data = tomllib.loads((folder() / f"{DEFAULT}.toml").read_text(encoding="utf-8"))
        colors = {str(name): str(value) for name, value in data["colors"].items()}
        if not all(map(_HEX.fullmatch, colors.values())):
            return None
        return as_textual(str(data["name"]), colors, dark=bool(data["dark"]), code=str(data["code"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def as_textual(name: str, colors: Mapping[str, str], *, dark: bool, code: str) -> Theme:
    """Checked colours as Textual takes them."""
    return Theme(
        name=name,
        primary=colors["primary"],
        secondary=colors["secondary"],
        accent=colors["accent"],
        success=colors["success"],
        warning=colors["warning"],
        error=colors["error"],
        foreground=colors["foreground"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["panel"],
        dark=dark,
        variables=_variables(colors, code),
    )


def _variables(colors: Mapping[str, str], code: str) -> dict[str, str]:
    """Our own names, and Textual's where its derived shade would be louder than we want."""
    return {
        "quiet": colors["quiet"],
        "line": colors["line"],
        "code-theme": code,
        "border": colors["primary"],
        "border-blurred": colors["line"],
        "block-cursor-background": colors["panel"],
        "block-cursor-foreground": colors["foreground"],
        "block-cursor-text-style": "bold",
        "input-cursor-background": colors["foreground"],
        "input-cursor-foreground": colors["background"],
        "input-selection-background": f"{colors['secondary']} 35%",
        "scrollbar": colors["line"],
        "scrollbar-hover": colors["quiet"],
        "scrollbar-active": colors["primary"],
        "scrollbar-background": colors["background"],
        "scrollbar-background-hover": colors["background"],
        "scrollbar-background-active": colors["background"],
        "scrollbar-corner-color": colors["background"],
        "footer-key-foreground": colors["accent"],
    }
