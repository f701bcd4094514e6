"""YAML as JSON values and back: the plain scalars of YAML 1.2, no tags of anyone's own, nothing that grows when it is read.

Invariant: reading what was written gives the same value; a hostile text is refused in one line before it costs anything.
PyYAML 6.0 reads the syntax; it knows YAML 1.1, in which `no` is false and `12:30` is 750, so the scalars are ours.
"""

from __future__ import annotations

import re
from typing import Any

from greenroom.core.errors import FileInvalid
from greenroom.core.values import Json

_MOST_VALUES = 500_000
_DEEP = 64
_TAG = "tag:yaml.org,2002:"
_SCALARS = (
    ("null", re.compile(r"~|null|Null|NULL|"), "~nN"),
    ("bool", re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    ("int", re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), "-+0123456789"),
    ("float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"), "-+.0123456789"),
)
_NEWER = re.compile(r"0o[0-7]+|[-+]?[.0-9]+[eE][-+]?[0-9]+")
"""Plain scalars that are text to YAML 1.1 and numbers to 1.2."""
_KNOWN = {_TAG + name for name in ("map", "seq", "str", "null", "bool", "int", "float", "binary")}


def load_yaml(text: str, file: str) -> Json:
    """The one document in `text`; `file` is the name shown in errors. `!!binary` stays the base64 text it is.

    Raises:
        FileInvalid: not YAML, a tag that would make something else than a JSON value, aliases that grow beyond half a
            million values or bite their own tail, or nested too deeply. With the line.
    """
    import yaml  # type: ignore[import-untyped]  # ships no types; on use: most commands read no YAML

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _must_be_shallow(yaml.parse(text, Loader=base), file)
        root = yaml.compose(text, Loader=base)
        return None if root is None else _Reader(file).value(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _invalid(file, f"not YAML: {error.problem or error.context}", mark) from None
    except (yaml.YAMLError, ValueError) as error:
        raise FileInvalid(f"not YAML: {' '.join(str(error).split())[:120]}", where=file) from None


def dump_yaml(value: Json) -> str:
    """A JSON value as YAML, keys in their own order, long texts as blocks."""
    import yaml

    class Dumper(yaml.SafeDumper):  # type: ignore[misc]  # ships no types
        """Quotes what either YAML 1.1 or 1.2 would not read as text."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    for name, pattern, first in _SCALARS:
        Dumper.add_implicit_resolver(_TAG + name, re.compile(f"^(?:{pattern.pattern})$"), list(first))
    written: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    return written


def _must_be_shallow(events: Any, file: str) -> None:
    """One pass without recursion, so that depth is known before anything recurses into it."""
    import yaml

    depth = documents = 0
    for number, event in enumerate(events):
        if number > 2 * _MOST_VALUES:
            raise _invalid(file, f"more than {_MOST_VALUES} values", event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEP:
                raise _invalid(file, f"nested deeper than {_DEEP} levels", event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _invalid(file, "holds more than one document", event.start_mark)


class _Reader:
    """Makes values of nodes. An alias is read anew wherever it stands, and counted."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._values = 0
        self._within: set[int] = set()

    def value(self, node: Any) -> Json:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _invalid(
                self._file, f"more than {_MOST_VALUES} values once its aliases are followed", node.start_mark
            )
        if node.id == "scalar":
            return self._scalar(node)
        if node.tag not in _KNOWN:
            raise _invalid(self._file, f"the tag '{node.tag[:60]}' is not read", node.start_mark)
        if id(node) in self._within:
            raise _invalid(self._file, "an alias stands within what it stands for", node.start_mark)
        if len(self._within) > _DEEP:
            raise _invalid(self._file, f"nested deeper than {_DEEP} levels", node.start_mark)
        self._within.add(id(node))
        try:
            return self._mapping(node) if node.id == "mapping" else [self.value(n) for n in node.value]
        finally:
            self._within.discard(id(node))

    def _mapping(self, node: Any) -> dict[str, Json]:
        merged: dict[str, Json] = {}
        own: dict[str, Json] = {}
        for key, item in node.value:
            if key.tag == _TAG + "merge":
                found = self.value(item)
                for one in reversed(found if isinstance(found, list) else [found]):
                    if not isinstance(one, dict):
                        raise _invalid(self._file, "only a mapping can be merged", item.start_mark)
                    merged |= one
                continue
            name = self.value(key)
            if isinstance(name, dict | list):
                raise _invalid(self._file, "a key must be a word", key.start_mark)
            own[name if isinstance(name, str) else key.value] = self.value(item)
        return {**merged, **own}

    def _scalar(self, node: Any) -> Json:
        text = str(node.value)
        plain = not node.style
        if node.tag not in _KNOWN and not (plain and node.tag.startswith(_TAG)):
            raise _invalid(self._file, f"the tag '{node.tag[:60]}' is not read", node.start_mark)
        if not plain or (node.tag == _TAG + "str" and not _NEWER.fullmatch(text)):
            return text
        kind = next((name for name, pattern, _ in _SCALARS if pattern.fullmatch(text)), "str")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            base = 16 if text.startswith("0x") else 8 if text.startswith("0o") else 10
            return int(text, base) if len(text) < 400 else text
        return float(text) if kind == "float" else text


def _invalid(file: str, what: str, mark: Any) -> FileInvalid:
    where = f"{file}:{mark.line + 1}" if mark is not None else file
    return FileInvalid(what, where=where, code="interop.yaml")
