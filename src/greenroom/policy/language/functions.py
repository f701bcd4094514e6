"""What a clause can do with its values: the operators and functions of CEL that a policy has, for `greenroom help policy`.

Invariant: every form here is one that compiles and means what is said (a test evaluates each example).
"""

from __future__ import annotations

from typing import NamedTuple


class Function(NamedTuple):
    """One form of writing: what it means, and a clause that is true of it as it stands."""

    form: str
    meaning: str
    example: str


FUNCTIONS: tuple[Function, ...] = (
    Function("== != < <= > >=", "compare; numbers with numbers, text with text", "1.5 < 2.0"),
    Function("&& || !", "and, or, not; `a ? b : c` chooses", "!(1 == 2) && (1 == 1 || 1 == 2)"),
    Function("+ - * / %", "arithmetic; + also joins texts and lists", "7 % 2 == 1 && 'a' + 'b' == 'ab'"),
    Function("has(args.note)", "whether it is there at all; guards what may be left out", "true"),
    Function("x in list", "is among the items; of a map, among the keys", "'web' in ['user', 'web']"),
    Function(
        "list[0]  map['key']", "an item; not there cannot be evaluated, so the rule fires", "['a', 'b'][0] == 'a'"
    ),
    Function("text.size()", "characters; of a list or map, how many items", "'Größe'.size() == 5"),
    Function("text.contains('x')", "holds these characters; big and small letters differ", "'refund'.contains('fun')"),
    Function("text.startsWith('x')", "begins so", "'NW-1'.startsWith('NW-')"),
    Function("text.endsWith('x')", "ends so", "'a@b.example'.endsWith('.example')"),
    Function(
        "text.matches('x')",
        "the pattern (RE2) is found in it; (?i) ignores case, ^ and $ are its ends",
        "'Order 12'.matches(r'(?i)^order \\d+$')",
    ),
    Function("list.exists(t, ...)", "one item, called t, makes ... true", "[1, 2].exists(t, t > 1)"),
    Function("list.all(t, ...)", "every item does; true of an empty list", "[1, 2].all(t, t > 0)"),
    Function("list.exists_one(t, ...)", "exactly one item does", "[1, 2].exists_one(t, t > 1)"),
    Function("list.filter(t, ...)", "the items that do", "[1, 2].filter(t, t > 1).size() == 1"),
    Function("list.map(t, ...)", "each item made into ...", "[1, 2].map(t, t * 2) == [2, 4]"),
    Function("int(x) double(x) string(x)", "made into another kind", "string(int(double(2))) == '2'"),
)


def lines() -> list[str]:
    """The functions as plain lines, for `greenroom help policy`."""
    wide = max(len(one.form) for one in FUNCTIONS)
    return [f"{one.form:<{wide}}  {one.meaning}" for one in FUNCTIONS]
