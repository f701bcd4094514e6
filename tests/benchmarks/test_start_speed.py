"""What it costs to start (DESIGN section 18): `--version`, `--help`, `persona check`, beside a Python that does nothing.

Run: `pytest tests/benchmarks/test_start_speed.py`. Figures are printed; nothing asserts a time.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.benchmarks.children import SOURCE, least

HELPDESK = SOURCE.parent / "workspaces" / "helpdesk"


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("persona", "check")], ids=" ".join)
def test_start(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    shop = shutil.copytree(HELPDESK, tmp_path / "shop", ignore=shutil.ignore_patterns(".greenroom"))
    nothing = least(["-c", "pass"], shop, rounds=9)
    started = least(["-m", "greenroom", *words], shop, rounds=9)
    with capsys.disabled():
        print(
            f"\ngreenroom {' '.join(words)}: {started.cpu * 1000:.0f} ms CPU, {started.rss:.0f} MiB; "
            f"a Python that does nothing {nothing.cpu * 1000:.0f} ms (ratio {started.cpu / nothing.cpu:.1f})"
        )
