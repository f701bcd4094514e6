"""A copy of the helpdesk in which one fixture has another case: read by `greenroom fixture check`, and run by pytest."""

from __future__ import annotations

import shutil
from pathlib import Path

from greenroom.assembly import find_workspace
from greenroom.commands.fixture import show
from greenroom.commands.invocation import Invocation
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.pytest_plugin.running import copied, run

REFUND = "refund-over-limit"


def opened(folder: Path) -> Workspace:
    """A trusted copy of the helpdesk with the refund's fixture alone."""
    shutil.rmtree(folder, ignore_errors=True)
    copied(folder)
    workspace = find_workspace(folder)
    for path in workspace.fixtures.glob("*.*.*"):
        if not path.name.startswith(REFUND):
            path.unlink()
    trust(workspace)
    return workspace


def case_path(shop: Workspace) -> Path:
    return shop.fixtures / f"{REFUND}.case.toml"


def write_case(shop: Workspace, *assertions: str, head: str = "") -> None:
    """The case: what stands before the expectations, and each of them in a table of its own, from line 3 on."""
    blocks = "".join(f"[[assert]]\n{one}\n" for one in assertions)
    case_path(shop).write_text(f'schema = "case/1"\n{head}\n{blocks}', encoding="utf-8")


def checked(shop: Workspace) -> tuple[int, str]:
    """`greenroom fixture check`: its exit code and what it says."""
    trust(shop)  # in the home of the test that asks
    found = show.check(Invocation({"workspace": str(shop.root), "name": []}, None))
    return found.exit_code, "\n".join(found.lines)


def under_pytest(shop: Workspace) -> tuple[int, str]:
    """pytest over the fixtures, in a process of its own: its exit code and what it says."""
    return run(shop.root, "fixtures")
