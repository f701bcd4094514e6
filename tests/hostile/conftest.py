"""A shop to attack: a trusted copy of the helpdesk workspace whose scripted voice does not wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.hostile.attack import copied


@pytest.fixture
def stranger(tmp_path: Path) -> Workspace:
    """As it comes from somewhere: nobody has trusted it."""
    return copied(tmp_path / "shop")


@pytest.fixture
def shop(stranger: Workspace) -> Workspace:
    trust(stranger)
    return stranger
