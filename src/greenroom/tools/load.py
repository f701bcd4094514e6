"""Runs a workspace's tools files and finds the functions declared in them. The caller decides whether they are trusted.

Invariant: a broken file is one `FileInvalid` with file and line, never a traceback; files of one workspace never see
modules of another: `import _shop` finds the `_shop.py` beside the file, privately to its folder.
"""

from __future__ import annotations

import builtins
import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from greenroom.core.errors import FileInvalid
from greenroom.core.inert import inert_line
from greenroom.tools.declare import declaration_of
from greenroom.tools.printed import printing
from greenroom.workspace.own_file import read_written_bytes


class Declared(NamedTuple):
    """A declared function, the name it has by default, and where it stands (`file:line`)."""

    function: Callable[..., Any]
    default_name: str
    where: str


def tools_files(folder: Path) -> list[Path]:
    """The tools files of a folder: its `*.py` except those that begin with `_`, which are for the others to import."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def load_functions(files: Sequence[Path]) -> list[Declared]:
    """The declared functions of the files, in order of file and line.

    Raises:
        FileInvalid: a file cannot be read or run; the line is the last one of the file that was reached.
    """
    folders: dict[Path, _Folder] = {}
    found: list[Declared] = []
    for path in files:
        folder = folders.setdefault(path.parent, _Folder(path.parent))
        module = _run(folder, path)
        own = [
            value
            for value in vars(module).values()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        marked = [function for function in own if declaration_of(function)]
        marked.sort(key=lambda function: function.__code__.co_firstlineno)
        found += [declared(function, path.stem, path) for function in dict.fromkeys(marked)]
    return found


def declared(function: Callable[..., Any], group: str, path: Path) -> Declared:
    """A function with its default name and its place."""
    line = inspect.unwrap(function).__code__.co_firstlineno
    return Declared(function, f"{group}.{function.__name__}", f"{path}:{line}")


class _Folder:
    """The private modules of one tools folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._package = f"greenroom_tools_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
        self._private: dict[str, ModuleType] = {}

    def module(self, path: Path) -> ModuleType:
        """Run a file as a fresh module. Nothing is cached on disk: an edit in the same second must not be missed."""
        code = compile(read_written_bytes(path), str(path), "exec")
        module = ModuleType(f"{self._package}.{path.stem}")
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        if path.stem.startswith("_"):
            self._private[path.stem] = module
        # Dataclasses and type hints look their module up by name.
        sys.modules[module.__name__] = module
        with printing():
            exec(code, module.__dict__)  # noqa: S102  running it is the purpose
        return module

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level == 0 and name.startswith("_"):
            beside = self._folder / f"{name}.py"
            if name in self._private:
                return self._private[name]
            if beside.is_file():
                return self.module(beside)
        return builtins.__import__(name, globals, locals, fromlist or (), level)


def _run(folder: _Folder, path: Path) -> ModuleType:
    try:
        return folder.module(path)
    except OSError as error:
        if error.filename is not None and Path(str(error.filename)) == path:
            raise FileInvalid(f"cannot be read: {error.strerror}", where=str(path), code="tool.file") from None
        raise _broken(error, path) from None
    except SyntaxError as error:
        where = f"{error.filename or path}:{error.lineno or 1}"
        raise FileInvalid(f"not Python: {error.msg}", where=where, code="tool.file") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is somebody's own code; it may raise anything
        raise _broken(error, path) from None


def _broken(error: BaseException, path: Path) -> FileInvalid:
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == path.parent
    ]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else f"{path}:1"
    said = inert_line(f"{type(error).__name__}: {error}", 200)
    return FileInvalid(f"running the file failed: {said}", where=where, code="tool.file")
