"""Pipes and devices where a persona, its prompt or a policy should be: nobody waits for them."""

import os
from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.persona.load import load_persona, read_text
from greenroom.policy.load import read_source
from greenroom.workspace.layout import Workspace

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of Unix")


def test_a_frozen_version_that_is_a_pipe_is_refused(shop: Workspace) -> None:
    folder = shop.personas / "aria" / "versions" / "1.0.0"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "persona.toml")
    with pytest.raises(FileInvalid, match="cannot be read"):
        load_persona(shop, "aria", "1.0.0")


@pytest.mark.parametrize("kind", ["pipe", "device", "huge"])
def test_no_prompt_or_policy_is_read_without_an_end(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b"x" * 10_000_001)
    with pytest.raises(FileInvalid, match="cannot be read"):
        read_text(path, "prompt.md")
    with pytest.raises(FileInvalid, match="cannot be read"):
        read_source(path)


def test_any_line_ends_and_a_mark_at_the_beginning_are_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_text(tmp_path / "it", "it") == "a\nb\nc\n"
