"""The deeds that open what a person wrote in $EDITOR: the prompt, the contract, the script of a scripted model.

Invariant: what is opened is the working copy that the session's persona is read from, never a frozen version; leaving
the editor has the disk looked at, so what was saved is in force at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.engine.contract import Contract
    from greenroom.tui.workbench import Workbench

_SCRIPTED = "scripted/"


class FileDeeds:
    """These deeds of one workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    def edit_file(self, which: str) -> None:
        """Open the file of the open session that `which` names: prompt, persona or script."""
        from greenroom.tui.sheets.editor import edit, own_editor

        contract = self.bench.rehearsal.contract
        if contract is None:
            self.bench.tell("nothing is open whose files could be edited", "warning")
            return
        path = self._path(which, contract)
        if path is None:
            self.bench.tell(f"{contract.model} is no scripted model, so it has no script", "warning")
            return
        self.bench.outside(lambda: edit(own_editor(), path))
        self.bench.watching.disk.look()

    def _path(self, which: str, contract: Contract) -> Path | None:
        workspace, persona = self.bench.workspace, contract.persona
        if which == "script":
            name = contract.model.removeprefix(_SCRIPTED)
            return workspace.scripts / f"{name}.toml" if contract.model.startswith(_SCRIPTED) else None
        return workspace.personas / persona.id / (persona.prompt.file if which == "prompt" else "persona.toml")
