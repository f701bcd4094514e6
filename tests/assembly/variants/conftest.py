"""The shop whose turn is varied, recorded once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from greenroom.assembly import find_workspace
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.assembly.variants.variant_shop import recorded_in


@pytest.fixture(scope="session")
def varied_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_in(tmp_path_factory.mktemp("own") / "shop")


@pytest.fixture
def own_shop(varied_shop: Path, tmp_path: Path) -> Workspace:
    workspace = find_workspace(shutil.copytree(varied_shop, tmp_path / "shop"))
    trust(workspace)
    return workspace
