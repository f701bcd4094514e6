"""Themes: readable, complete, and checked before use."""

import importlib
from pathlib import Path

import pytest
from textual.app import App

from greenroom.core.errors import FileInvalid
from greenroom.tui.frame.theme import GROUNDS, TEXT, VARIABLE_DEFAULTS, contrast, folder, read_theme, themes


def test_contrast_is_the_known_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", sorted(themes()))
def test_every_text_colour_is_readable_on_every_ground(name: str) -> None:
    colors = themes()[name].colors
    for text in TEXT:
        for ground in GROUNDS:
            assert contrast(getattr(colors, text), getattr(colors, ground)) >= 4.5, (text, ground)


def test_there_is_a_dark_a_light_and_a_high_contrast_theme() -> None:
    found = themes()
    assert {"greenroom-dark", "greenroom-light", "greenroom-contrast"} <= set(found)
    assert {theme.dark for theme in found.values()} == {True, False}
    colors = found["greenroom-contrast"].colors
    assert contrast(colors.foreground, colors.background) >= 15


@pytest.mark.parametrize("name", sorted(themes()))
def test_code_styles_exist_and_textual_takes_the_theme(name: str) -> None:
    get_style_by_name = importlib.import_module("pygments.styles").get_style_by_name

    theme = themes()[name]
    get_style_by_name(theme.code)
    app = App[None]()
    app.register_theme(theme.textual())
    app.theme = name
    assert set(VARIABLE_DEFAULTS) <= set(app.get_css_variables())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('"#11151a"', '"red"'), "colors.background"),
        (('"#11151a"', '"#11151a; } * { color: red"'), "colors.background"),
        (('schema = "theme/1"', 'schema = "theme/9"'), "schema"),
        (("dark ", "darc "), "did you mean 'dark'"),
        (("[colors]", "[colors"), "not TOML"),
    ],
)
def test_a_broken_theme_says_where(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text((folder() / "greenroom-dark.toml").read_text().replace(*change))
    with pytest.raises(FileInvalid) as caught:
        read_theme(path)
    assert "mine.toml" in str(caught.value)
    assert told in caught.value.line()


def test_a_theme_of_ones_own_replaces_one_of_the_same_name(tmp_path: Path) -> None:
    text = (folder() / "greenroom-dark.toml").read_text().replace("#11151a", "#000001")
    (tmp_path / "mine.toml").write_text(text)
    assert themes(tmp_path)["greenroom-dark"].colors.background == "#000001"
