"""The digest of a folder's files, by which damage is seen before anything opens them.

Invariant: any changed, missing or added byte changes the fingerprint.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def fingerprint(folder: Path) -> str:
    """SHA-256 over names and contents of all files below `folder`; '' where there is no such folder."""
    if not folder.is_dir():
        return ""
    whole = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return whole.hexdigest()
