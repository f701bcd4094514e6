from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.persona.prompt import expressions, fill, names


def test_declared_variables_are_filled_however_they_are_spaced() -> None:
    assert (
        fill("{{shop}} and {{ shop }} and {{\tshop }}", {"shop": "Northwind"})
        == "Northwind and Northwind and Northwind"
    )


def test_the_first_variable_without_a_value_is_named_with_its_line() -> None:
    with pytest.raises(FileInvalid) as found:
        fill("one\ntwo {{ shp }}\n{{ other }}", {"shop": "Northwind"}, "personas/aria/prompt.md")
    assert found.value.line() == "personas/aria/prompt.md:2: the variable 'shp' has no value (did you mean 'shop'?)"


def test_a_variable_unlike_any_declared_one_is_to_be_declared() -> None:
    with pytest.raises(FileInvalid) as found:
        fill("{{ currency }}", {})
    assert found.value.hint == "declare it in persona.toml: [prompt] variables = { currency = ... }"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1}}',
        "{ shop }",
        "{{{}}}",
        "{{ }}",
        "{{ 1 }}",
        "{{ shop",
        "\\{{",
        "{{ a.b }}",
        "{% if x %}",
        "{{ x | upper }}",
    ],
)
def test_other_braces_stay(text: str) -> None:
    assert fill(text, {"shop": "Northwind", "x": "y", "a": "z"}) == text


def test_a_value_is_not_filled_again() -> None:
    assert fill("{{ a }}{{ b }}", {"a": "{{ b }}", "b": "\\1 \\g<0>"}) == "{{ b }}\\1 \\g<0>"


def test_nothing_is_evaluated_but_what_looks_so_is_found() -> None:
    template = "fine\n{{ x.__class__ }}\n{% for a in b %}\n{{ items[0] }}\n{{ x|e }}\nfine {{ x }}"
    assert expressions(template) == (2, 3, 4, 5)
    assert "__class__" in fill(template, {"x": "1"})


@given(st.text())
def test_text_without_variables_is_unchanged(text: str) -> None:
    if not names(text):
        assert fill(text, {}) == text


@given(st.dictionaries(st.from_regex(r"\A[a-z_][a-z0-9_]{0,5}\Z"), st.text(), min_size=1))
def test_every_value_arrives_exactly(variables: dict[str, str]) -> None:
    template = "\x00".join(f"{{{{ {name} }}}}" for name in variables)
    assert fill(template, variables) == "\x00".join(variables.values())
