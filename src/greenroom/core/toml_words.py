"""What a reader of TOML, and a check of its types, say: in words for whoever wrote the file.

Invariant: nothing of what stands in the file is repeated but the name of a key; what has no words of its own keeps the reader's.
"""

from __future__ import annotations

import re

_LINE = re.compile(r"line (\d+)")
_NAME = re.compile(r"\s*([\w.-]{1,60})\s*=")
_SAYINGS = {
    "Invalid value": "what stands behind the = is no value; a text stands in quotes",
    "Illegal character '\\n'": "a text in quotes is not closed on its line",
    "Unterminated string": "a text in quotes is not closed",
    "Expected '=' after a key in a key/value pair": "a key without = and a value; a comment begins with #",
    "Invalid statement": "neither a key with its value, nor a table such as [limits], nor a comment",
    "Invalid initial character for a key part": "the name of a key is missing",
    "Unclosed array": "a list is not closed with ]",
    "Cannot overwrite a value": "a key is given twice",
    "Expected newline or end of document after a statement": "something stands behind the value; a comment begins with #",
}
_TYPES = {
    "int_": "a whole number",
    "float_": "a number",
    "decimal_": "a number",
    "bool_": "true or false",
    "string_type": "a text in quotes",
    "list_type": "a list in [ ]",
    "tuple_type": "a list in [ ]",
    "set_type": "a list in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "date_": "a date such as 2026-12-01",
}


def in_plain_words(said: str, text: str) -> tuple[str, int]:
    """What is wrong with a TOML text, by what its reader `said`, and the line it is wrong in."""
    message, _, place = said.partition(" (at ")
    line = _LINE.search(place)
    number = int(line.group(1)) if line else text.count("\n") + 1
    plain = _SAYINGS.get(message, message)
    key = _NAME.match(next(iter(text.splitlines()[number - 1 : number]), ""))
    return (f"'{key[1]}': {plain}" if key and message in _SAYINGS else plain), number


def plain_type(kind: str) -> str:
    """What a value has to be, by the kind of a type error; '' for any other error."""
    return next((plain for begun, plain in _TYPES.items() if kind.startswith(begun)), "")
