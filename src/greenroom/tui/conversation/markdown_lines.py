"""Markdown blocks rendered to rows by Rich, in our look. The only importer of `rich.markdown` and Pygments.

Invariant: nothing is hidden and nothing becomes live: raw HTML is shown as text, links show their address and are not
links, and a block that Rich cannot render gives no rows, so that the caller shows it plainly.
"""

from __future__ import annotations

import io
from typing import Any, ClassVar

from markdown_it import MarkdownIt
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import (
    BlockQuote,
    CodeBlock,
    Heading,
    HorizontalRule,
    ImageItem,
    Markdown,
    MarkdownElement,
    TableElement,
)
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text
from rich.theme import Theme
from textual.strip import Strip

from greenroom.tui.conversation.palette import Palette

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").enable("table")
PLAIN_CODE = 20_000
PLAIN_TABLE = 400
"""A code block of more characters, or a table of more lines, is shown plainly: rendering it would stall the screen."""


class MarkdownLines:
    """Renders blocks with one console and one set of styles."""

    def __init__(self, palette: Palette) -> None:
        self._palette = palette
        self._console = Console(
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            legacy_windows=False,
            theme=_theme(palette),
            width=80,
            height=24,
        )

    def rows(self, source: str, width: int) -> list[Strip]:
        """The rows of one block; none if it is better shown plainly."""
        if source.count("\n") > PLAIN_TABLE or len(source) > PLAIN_CODE:
            return []
        options = self._console.options.update(width=width, height=None)
        try:
            lines = self._console.render_lines(_Prose(source, self._palette.code), options, pad=False)
        except Exception:  # noqa: BLE001  a model can write anything, and Rich asserts on some of it: show it plainly
            return []
        strips = [Strip(_bare(line)) for line in lines]
        return _trimmed(strips)


def _trimmed(strips: list[Strip]) -> list[Strip]:
    """Without the blank rows Rich puts before and after some blocks."""
    filled = [row for row, strip in enumerate(strips) if strip.text.strip() or any(s.bgcolor for _, s, _ in strip if s)]
    return strips[filled[0] : filled[-1] + 1] if filled else []


def _bare(line: list[Segment]) -> list[Segment]:
    """A line without links and without the padding Rich leaves at its end."""
    bare = [Segment(text, style.update_link(None) if style and style.link else style) for text, style, _ in line]
    while bare and not bare[-1].text.strip() and not (bare[-1].style and bare[-1].style.bgcolor):
        bare.pop()
    return bare


class _Heading(Heading):
    """Left-aligned, whatever the level."""

    LEVEL_ALIGN: ClassVar[dict[str, Any]] = {}


class _Code(CodeBlock):
    """Code on its own ground, its language named at the right."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        ground = console.get_style("markdown.code_block")
        width = max(options.max_width - 2, 4)
        code = Syntax(
            str(self.text).rstrip("\n"),
            self.lexer_name,
            theme=self.theme,
            word_wrap=True,
            background_color=ground.bgcolor.name if ground.bgcolor else None,
            code_width=width,
        )
        if self.lexer_name != "text":
            yield Text(f"{self.lexer_name[:20]} ".rjust(options.max_width), style=ground)
        edge = Segment(" ", ground)
        for line in console.render_lines(code, options.update(width=width), style=ground, pad=True):
            yield edge
            yield from line
            yield edge
            yield Segment.line()


class _Quote(BlockQuote):
    """Every row begins as it is written, `> `: a bar is what a person's own words stand behind."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        inner = options.update(width=max(options.max_width - 2, 1))
        edge = Segment("> ", self.style)
        for line in console.render_lines(self.elements, inner, style=self.style, pad=False):
            yield edge
            yield from line
            yield Segment.line()


class _Rule(HorizontalRule):
    """A thin line."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Rule(style=console.get_style("markdown.hr"), characters="─")


class _Image(ImageItem):
    """An image is its description and its address; nothing is fetched."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.assemble("[image: ", self.text or "", f" {self.destination}]", end="")


class _Table(TableElement):
    """A table with one rule under its head."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, style="markdown.table.border")
        for cell in self.header.row.cells if self.header and self.header.row else []:
            heading = cell.content.copy()
            heading.stylize("markdown.table.header")
            table.add_column(heading, overflow="fold")
        for row in self.body.rows if self.body else []:
            table.add_row(*(cell.content for cell in row.cells))
        yield table


class _Prose(Markdown):
    """Rich's Markdown with our elements, and with HTML as text."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "blockquote_open": _Quote,
        "fence": _Code,
        "code_block": _Code,
        "hr": _Rule,
        "image": _Image,
        "table_open": _Table,
    }

    def __init__(self, source: str, code_theme: str) -> None:
        self.markup = source
        self.parsed = _PARSER.parse(source)
        self.code_theme = code_theme
        self.justify = None
        self.style = "none"
        self.hyperlinks = False
        self.inline_code_lexer = None
        self.inline_code_theme = code_theme


def _theme(palette: Palette) -> Theme:
    """Rich's Markdown styles in the colours of the theme."""
    code = Style(color=palette.accent, bgcolor=palette.surface)
    heading = Style(color=palette.foreground, bold=True)
    quiet = Style(color=palette.quiet)
    styles = {
        "markdown.paragraph": Style(color=palette.foreground),
        "markdown.item": Style(color=palette.foreground),
        "markdown.code": code,
        "markdown.code_block": Style(color=palette.foreground, bgcolor=palette.surface),
        "markdown.block_quote": quiet + Style(italic=True),
        "markdown.hr": Style(color=palette.line),
        "markdown.item.bullet": Style(color=palette.primary),
        "markdown.item.number": Style(color=palette.primary),
        "markdown.link": Style(color=palette.secondary),
        "markdown.link_url": quiet,
        "markdown.table.border": Style(color=palette.line),
        "markdown.table.header": Style(color=palette.quiet, bold=True),
        "markdown.s": Style(strike=True),
        "markdown.em": Style(italic=True),
        "markdown.strong": Style(bold=True),
    }
    styles |= {f"markdown.h{level}": heading + Style(underline=level == 1) for level in range(1, 7)}
    return Theme(styles)


__all__ = ["MarkdownLines"]
