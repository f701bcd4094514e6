"""Where in a workspace a change stands that made a recording stale: `personas/aria/persona.toml:31`.

Invariant: only a file that is there is named, as the workspace has it; where nobody can tell, nothing is. A line is that of
the key, rule or tool that a change is told of, at its first difference. Nothing is opened but what a person wrote in the workspace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from greenroom.core.errors import FileInvalid, GreenroomError
from greenroom.core.inert import inert
from greenroom.core.toml_text import Path as Key
from greenroom.core.toml_text import line_of, positions, tables
from greenroom.policy.files.bundle import parted
from greenroom.regression.replay.outcome import EACH
from greenroom.regression.stale.by_key import TOLD, Change
from greenroom.regression.stale.changed_line import Written, changed_line
from greenroom.regression.stale.persona_change import contract_keys, parameters_keys
from greenroom.regression.stale.policy_change import policy_keys, stands
from greenroom.regression.stale.prompt_change import prompt_lines
from greenroom.regression.stale.tools_change import tools_keys
from greenroom.workspace.layout import SETTINGS_FILE
from greenroom.workspace.own_file import read_written

_TOOL = r"@tool\b[^\n]*(?:\n[^\n@]*){{0,20}}?\bname\s*=\s*[\"']{name}[\"']"


Stands = Mapping[str, tuple[str, Key]]
Texts = Mapping[str, str]


class Places:
    """The files of the workspace at `root`; `persona` is the id of the persona that a tape was recorded with."""

    def __init__(self, root: Path, persona: str) -> None:
        self._root = root
        self._contract = f"personas/{persona}/persona.toml"

    def of(self, component: str, old: str, new: str, allowed: tuple[str, ...] = ()) -> str:
        """The places of what is told of two texts of a component; '' for none known.

        Where each of several changes has its own they stand in the order in which the changes are told, with `EACH`
        between them; else with commas between. `allowed` as for `tools_change`.
        """
        try:
            if (each := self._each(component, old, new, allowed)) is not None:
                return joined_places(each[:TOLD])
            found = [one for one in self._of(component, old, new) if one]
        except (GreenroomError, OSError, ValueError, TypeError, KeyError, RecursionError):
            return ""
        return ", ".join(dict.fromkeys(found))

    def document(self, source: str, collection: str = "", line: int = 0) -> str:
        """The place of a document that a passage came from, at a `line` where that is known; where it left a `collection`,
        the line that says what is in.
        """
        if collection:
            return self._there(SETTINGS_FILE, self._line(SETTINGS_FILE, ("knowledge", "collections", collection)))
        return self._there(f"knowledge/{source}", line)

    def _each(self, component: str, old: str, new: str, allowed: tuple[str, ...]) -> list[str] | None:
        """A place for each change that is told; None where they cannot be told apart."""
        if not (old and new):
            return None
        if component == "prompt" and (lines := prompt_lines(old, new)):
            return [self._there(self._prompt(), line) for line in lines]
        if component == "persona" and (keys := contract_keys(old, new)):
            return self._keys(self._contract, keys, (), old, new)
        if component == "parameters" and (keys := parameters_keys(old, new)):
            return self._keys(self._contract, keys, ("model", "params"))
        if component == "ceilings" and (keys := parameters_keys(old, new)):
            return self._keys(SETTINGS_FILE, keys, ("limits",))
        if component == "models" and (keys := parameters_keys(old, new)):
            named = [key._replace(path=(*key.path[:1], "use")) for key in keys]
            return self._keys(SETTINGS_FILE, named, ("models",))
        if component == "policy" and (keys := policy_keys(old, new)):
            return self._rules(keys, old, new)
        if component in ("tools", "other_tools") and (keys := tools_keys(old, new, allowed)):
            return [self._tool(key.path[0]) for key in keys]
        return None

    def _keys(
        self, file: str, changes: Sequence[Change], table: tuple[str, ...], old: str = "", new: str = ""
    ) -> list[str]:
        """The place of each key in a file, which says `new`, or what it says today."""
        text = new or read_written(self._root / file)
        before, after = Written(old, file) if old else None, Written(text, file)
        lines = []
        for change in changes[:TOLD]:
            path = (*table, *change.path)
            then = before.path_of(path) if before else ()
            lines.append(changed_line(before, after, then, after.path_of(path)))
        return [self._there(file, line or (_first_other(old, new) if len(lines) == 1 else 0)) for line in lines]

    def _rules(self, changes: Sequence[Change], old: str, new: str) -> list[str]:
        """The place of each rule that is told of: its file, at the first line of it that differs."""
        before, after = stands(old), stands(new)
        then, now = ({source.file: source.text for source in parted(text)} for text in (old, new))
        return [self._rule(change, before, after, then, now) for change in changes[:TOLD]]

    def _rule(self, change: Change, before: Stands, after: Stands, then: Texts, now: Texts) -> str:
        name, *keys = change.path
        file, at = after.get(name) or before[name]
        if file not in now:
            return ""
        if name not in after:
            return self._there(file, _line_of_gone(name, before, after, then.get(file, ""), now[file]))
        if not (at or keys):  # the order of all: where the file first differs
            return self._there(file, _first_other(then.get(file, ""), now[file]))
        text = Written(now[file], file)
        old = Written(then[file], file) if name in before and before[name][0] == file else None
        was = (*before[name][1], *keys) if old else ()
        return self._there(file, changed_line(old, text, was, (*at, *keys)))

    def _of(self, component: str, old: str, new: str) -> Iterator[str]:
        if component == "persona":
            yield self._there(self._contract, _first_other(old, new))
        elif component == "prompt":
            yield self._there(self._prompt(), _first_other(old, new))
        elif component == "parameters":
            yield from self._tables(self._contract, ("model", "params"), old, new)
        elif component == "policy":
            yield from self._policies(old, new)
        elif component in ("tools", "other_tools"):
            yield from (self._tool(name) for name in _tools_other(old, new))
        elif component == "ceilings":
            yield from self._tables(SETTINGS_FILE, ("limits",), old, new)
        elif component == "models":
            yield from self._tables(SETTINGS_FILE, ("models",), old, new, "use")

    def _prompt(self) -> str:
        contract = tables(read_written(self._root / self._contract), self._contract)
        file = (self._root / self._contract).parent / str(contract["prompt"]["file"])
        return file.resolve().relative_to(self._root.resolve()).as_posix()

    def _policies(self, old: str, new: str) -> Iterator[str]:
        """The files that are other than they were; one that is gone is no place to look at."""
        before = {source.file: source.text for source in parted(old)} if old else {}
        for source in parted(new):
            if old and before.get(source.file) != source.text:
                yield self._there(source.file, _first_other(before.get(source.file, ""), source.text))

    def _tool(self, name: str) -> str:
        """The file that declares a tool; by its name's first half, where that names a file and nothing else tells."""
        stem, _, function = name.partition(".")
        files = sorted((self._root / "tools").glob("*.py"))
        for path in files:
            text = read_written(path)
            named = re.search(_TOOL.format(name=re.escape(name)), text)
            if named is None and path.stem == stem:
                named = re.search(rf"^(?:async )?def {re.escape(function)}\b", text, re.MULTILINE)
            if named is not None:
                return self._there(f"tools/{path.name}", text.count("\n", 0, named.start()) + 1)
        return self._there(f"tools/{stem}.py", 0)

    def _tables(self, file: str, table: tuple[str, ...], old: str, new: str, *below: str) -> Iterator[str]:
        """Where a file says what it says of these keys today, or would; `below` is the key of a key's own table."""
        before, after = (json.loads(text) if text else {} for text in (old, new))
        for key in dict.fromkeys((*after, *before)):
            if before.get(key) != after.get(key):
                yield self._there(file, self._line(file, (*table, str(key), *below)))

    def _line(self, file: str, path: tuple[str, ...]) -> int:
        """The line of a key or of the table it would stand in; 0 where there is neither."""
        lines = positions(read_written(self._root / file))
        return line_of(lines, path) if any(path[:length] in lines for length in range(1, len(path) + 1)) else 0

    def _there(self, file: str, line: int) -> str:
        """The place, if it can be shown and is a file of the workspace."""
        path = self._root / file
        if inert(file) != file or any(sign in file for sign in ",;") or not path.is_file():
            return ""
        if not path.resolve().is_relative_to(self._root.resolve()):
            return ""
        return f"{file}:{line}" if line else file


def joined_places(each: Sequence[str]) -> str:
    """The places of several changes as one text: all alike are one, and where one is not known no change has its own."""
    known = list(dict.fromkeys(one for one in each if one))
    return EACH.join(each) if len(known) > 1 and all(each) else ", ".join(known)


def _first_other(old: str, new: str) -> int:
    """The line of `new` at which it first differs, 0 where it is not known what there was before."""
    if not (old and new):
        return 0
    before, after = old.splitlines(), new.splitlines()
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    if same is None:
        same = min(len(before), len(after) - 1)
    return max(1, same + 1)


def _line_of_gone(name: str, before: Stands, after: Stands, then: str, now: str) -> int:
    """Where a rule that is gone stood before: the line of the next one of its kind that is still there, or the last line."""
    file, at = before[name]
    if not at:
        return _first_other(then, now)
    behind = [other for other, (of, path) in before.items() if of == file and path[:1] == at[:1]]
    behind = behind[behind.index(name) + 1 :]  # they are in the order in which the file has them
    lines = positions(now)
    kept = next((after[other][1] for other in behind if other in after and after[other][0] == file), None)
    if kept in lines:
        return lines[kept]
    return _first_other(then, now) if not behind else len(now.splitlines())


def _tools_other(old: str, new: str) -> list[str]:
    """The names of the tools that are other than they were."""
    before, after = ({str(spec["name"]): spec for spec in _listed(text)} for text in (old, new))
    return [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]


def _listed(text: str) -> Sequence[Any]:
    found = json.loads(text) if text else []
    if not isinstance(found, list):
        raise FileInvalid("not a list of tools")
    return found
