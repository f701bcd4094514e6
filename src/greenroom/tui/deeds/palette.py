"""The palette's source: every deed, every listing of the commands table, every theme.

Invariant: what it offers is read from the tables; nothing is only in the palette.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from greenroom.commands.table import COMMANDS
from greenroom.tui.deeds.table import DEEDS
from greenroom.tui.frame.hints import key_name

if TYPE_CHECKING:
    from greenroom.tui.workbench import Workbench


class Everything(Provider):
    """Finds what a person can do."""

    async def discover(self) -> Hits:
        """All of it, in the table's order."""
        for name, about, act in self._offers():
            yield DiscoveryHit(Content(name), act, name, about)

    async def search(self, query: str) -> Hits:
        """What fits the letters typed."""
        matcher = self.matcher(query)
        for name, about, act in self._offers():
            score = max(matcher.match(name), matcher.match(about) * 0.6)
            if score > 0:
                yield Hit(score, matcher.highlight(name), act, name, about)

    def _offers(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        bench = self._bench()
        for deed in DEEDS:
            if deed.action != "command_palette":
                chord = f"ctrl+x {deed.chord}" if deed.chord else ""
                keys = key_name(deed.key or chord or deed.letter or f"/{deed.slash}")
                yield deed.name, f"{deed.does}   {keys}", partial(bench.do_action, deed.action)
        for command in COMMANDS:
            if command.slash:
                yield (
                    command.name.capitalize(),
                    command.help,
                    partial(bench.doing.sheets.list_command, command.slash, ""),
                )
        for theme in bench.own_themes:
            yield f"Theme {theme}", "colours of the screen", partial(bench.doing.sheets.theme, theme)

    def _bench(self) -> Workbench:
        from greenroom.tui.workbench import Workbench

        assert isinstance(self.app, Workbench)
        return self.app
