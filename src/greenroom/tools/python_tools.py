"""A workspace's own Python functions as tools.

Invariant: a function is only entered with arguments that passed the check of its signature. Constructing this runs
the workspace's code, so whoever constructs it has made sure that the workspace is trusted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import suggest
from greenroom.core.values import ToolCall, ToolResult, ToolSpec
from greenroom.tools.declare import Declaration, declaration_of
from greenroom.tools.load import Declared, declared, load_functions, tools_files
from greenroom.tools.run import run
from greenroom.tools.signature import Signature, signature_of

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*(?:\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*)*")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class _Tool:
    spec: ToolSpec
    signature: Signature
    function: Callable[..., Any]


class PythonTools:
    """A `Tools` made of decorated functions.

    Args:
        source: a folder (its `*.py` but those beginning with `_`; none if it does not exist) or the files themselves.
        workspace_root: what a function's `workspace` parameter is given.
        allow: name patterns such as `orders.*`; None allows all.

    Raises:
        FileInvalid: a file that does not run, a tool that is not well declared, or two with one name.
    """

    def __init__(self, source: Path | Sequence[Path], workspace_root: Path, allow: Sequence[str] | None = None) -> None:
        files = tools_files(source) if isinstance(source, Path) and not source.is_file() else source
        try:
            found = load_functions([files] if isinstance(files, Path) else files)
            self._setup(found, workspace_root, allow)
        except FileInvalid as error:
            raise _named_within(error, workspace_root) from None

    @classmethod
    def of(
        cls,
        functions: Sequence[Callable[..., Any]],
        workspace_root: Path,
        *,
        group: str = "builtin",
        allow: Sequence[str] | None = None,
    ) -> PythonTools:
        """The tools of functions already at hand. Raises as the constructor does."""
        tools = cls((), workspace_root)
        tools._setup(
            [declared(function, group, Path(function.__code__.co_filename)) for function in functions],
            workspace_root,
            allow,
        )
        return tools

    def _setup(self, found: Sequence[Declared], root: Path, allow: Sequence[str] | None) -> None:
        self._root = root
        self._tools: dict[str, _Tool] = {}
        places: dict[str, str] = {}
        for item in found:
            made = _made(item)
            name = made.spec.name
            if name in places:
                raise FileInvalid(
                    f"the tool '{name}' is already declared at {places[name]}", where=item.where, code="tool.duplicate"
                )
            places[name] = item.where
            if allow is None or any(fnmatchcase(name, pattern) for pattern in allow):
                self._tools[name] = made

    def specs(self) -> tuple[ToolSpec, ...]:
        """Every tool of the set, sorted by name."""
        return tuple(self._tools[name].spec for name in sorted(self._tools))

    def problem(self, call: ToolCall) -> str:
        """Why this call cannot even be decided about, or ''."""
        if call.problem:
            return call.problem
        tool = self._tools.get(call.tool)
        if tool is None:
            return f"there is no tool named '{call.tool}' ({suggest(call.tool, sorted(self._tools)) if self._tools else 'there are none'})"
        return tool.signature.check(call.arguments)[1]

    def normalised(self, call: ToolCall) -> ToolCall:
        """The call with its arguments as the function will get them: 3.0 for a float given as 3, defaults left out.

        A call with a problem comes back unchanged.
        """
        tool = self._tools.get(call.tool)
        if tool is None or self.problem(call):
            return call
        checked, _ = tool.signature.check(call.arguments)
        return call.model_copy(
            update={"arguments": {name: checked[name] for name in checked if name in call.arguments}}
        )

    async def call(self, call: ToolCall, idempotency_key: str) -> ToolResult:
        """Run it within its declared timeout and output limit. A failing tool is a result, never an exception."""
        if problem := self.problem(call):
            return ToolResult(status="invalid", error=problem)
        tool = self._tools[call.tool]
        arguments, _ = tool.signature.check(call.arguments)
        given = {"idempotency_key": idempotency_key, "workspace": self._root}
        return await run(
            tool.function, {**arguments, **{name: given[name] for name in tool.signature.given}}, tool.spec
        )

    async def aclose(self) -> None:
        """Nothing is held."""


def _named_within(error: FileInvalid, root: Path) -> FileInvalid:
    """The error with files as the workspace at `root` has them (`tools/orders.py:44`), as it names all of its files."""
    before = f"{root}{os.sep}"
    if not error.where.startswith(before):
        return error
    said = error.message.removeprefix(f"{error.where}: ").replace(before, "")
    return FileInvalid(said, where=error.where.removeprefix(before), hint=error.hint, code=error.code)


def _made(item: Declared) -> _Tool:
    declaration = declaration_of(item.function)
    if declaration is None:
        raise FileInvalid("the function is not declared with @tool(...)", where=item.where, code="tool.declaration")
    name = declaration.name or item.default_name
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise FileInvalid(
            f"'{name:.80}' is not a tool name",
            where=item.where,
            hint="dotted lower-case words such as orders.refund, 60 characters at most",
            code="tool.name",
        )
    signature = signature_of(item.function, item.where)
    return _Tool(_spec(name, declaration, signature, item.where), signature, item.function)


def _spec(name: str, declaration: Declaration, signature: Signature, where: str) -> ToolSpec:
    settings = declaration._asdict()
    del settings["name"]
    if not declaration.timeout_seconds > 0 or declaration.output_limit < 1:
        raise FileInvalid("timeout and output_limit must be above 0", where=where, code="tool.declaration")
    try:
        return ToolSpec(
            name=name,
            description=signature.description,
            parameters=signature.parameters,
            returns=signature.returns,
            **settings,
        )
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Input should be ")
        raise FileInvalid(
            f"{'.'.join(map(str, first['loc']))} must be {said}", where=where, code="tool.declaration"
        ) from None
