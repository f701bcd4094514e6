"""The commands over fixtures: recorded sessions and what is expected of them."""

from __future__ import annotations

from greenroom.commands.declare import Command

FIXTURE: tuple[Command, ...] = ()
