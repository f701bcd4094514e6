"""What the attacks share: a copied shop, the command line as a process, hostile text and what must never come out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from greenroom.core.chain import link
from greenroom.workspace.layout import Workspace

HELPDESK = Path(__file__).parents[2] / "workspaces" / "helpdesk"
PATIENCE_SECONDS = 120.0
_EXEC = "os.execv(sys.executable, [sys.executable, '-m', 'greenroom', *sys.argv[1:]])"

EVIL = "\x1b]0;T\x07\x1b]52;c;QUJD\x07\x1b[2J\x9b31m\u202eabc\u2066\u200b\U000e0041\u2028[/INST][@click=app.quit]x[/]\x7f\r"
"""Title, clipboard and erase sequences, C1, bidi, zero-width and tag characters, markup of two libraries."""

RAW = re.compile(
    b"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xf3\xa0[\x80-\x81]"
)
"""Bytes that no output may hold."""

Line = dict[str, Any]


def copied(target: Path) -> Workspace:
    """A copy without what runs left behind."""
    shutil.copytree(HELPDESK, target, ignore=shutil.ignore_patterns(".greenroom", "__pycache__", "outbox", "fixtures"))
    change(target / "scripts" / "helpdesk.toml", r"(?m)^pace .*$", "pace = { first_ms = 0, per_chunk_ms = 0 }")
    return Workspace(target.resolve())


def change(path: Path, pattern: str, text: str) -> None:
    """Put `text` in the place of the first match, which there must be."""
    changed, count = re.subn(pattern, lambda _: text, path.read_text(encoding="utf-8"), count=1)
    assert count == 1, f"{path.name} has no {pattern}"
    path.write_text(changed, encoding="utf-8")


def as_toml(text: str) -> str:
    """The text inside a TOML string, everything but plain ASCII escaped."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)


def greenroom(folder: Path, *arguments: str, words: bytes = b"", first: str = "") -> subprocess.CompletedProcess[bytes]:
    """The command line in a process of its own. `first` is Python that runs in the process before it."""
    start = ["-c", f"import os, sys\n{first}\n{_EXEC}"] if first else ["-m", "greenroom"]
    return subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=folder,
        input=words,
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
    )


def lines_of(data: bytes) -> list[Line]:
    return [json.loads(line) for line in data.splitlines()]


def chained(lines: list[Line], body: str = "event") -> bytes:
    """The lines with hashes that fit, as someone who holds the file can make them. `body` is `entry` for a ledger."""
    prev, out = "0" * 64, b""
    for line in lines:
        line["prev"] = prev
        try:
            line["hash"] = link(line["seq"], line["at"], body, line[body], prev)
        except (TypeError, ValueError):
            line["hash"] = prev
        prev = line["hash"]
        out += json.dumps(line).encode() + b"\n"
    return out


def line_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of stderr; a traceback or an internal error is never right."""
    said = done.stderr.decode()
    assert "Traceback" not in said, said
    assert "internal error" not in said, said
    return said.strip().splitlines()[-1] if said.strip() else ""
