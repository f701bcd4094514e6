from __future__ import annotations

import pytest

from greenroom.core.errors import UsageError
from greenroom.persona.check import Known, check
from greenroom.workspace.layout import Workspace

EVERYTHING = Known(tools=["orders.get", "orders.refund"], collections=["returns"], segments=["customer", "session"])


def change(shop: Workspace, old: str, new: str) -> None:
    path = shop.personas / "aria" / "persona.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def found(shop: Workspace, known: Known = EVERYTHING) -> list[str]:
    return [problem.line() for problem in check(shop, "aria", known)]


def test_a_sound_persona_has_no_problem(shop: Workspace) -> None:
    assert found(shop) == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"orders.get"', '"orders.gte"', "29 tools.allow: unknown tool 'orders.gte' (did you mean 'orders.get'?)"),
        (
            '["returns"]',
            '["retuns"]',
            "23 knowledge.collections: unknown collection 'retuns' (did you mean 'returns'?)",
        ),
        ('["customer"]', '["client"]', "26 memory.read: unknown memory segment 'client' (known: customer, session)"),
        ('["support"]', '["suport"]', "32 policy.files: no policy file 'suport' (did you mean 'support'?)"),
        ("scripted/helpdesk", "scripted/desk", "20 model.use: no script 'desk' (did you mean 'helpdesk'?)"),
        ('"refund"\n\n', '"refunds"\n\n', "39 acceptance[0].fixture: no fixture 'refunds' (did you mean 'refund'?)"),
        ("@^2.3", "@^3", "42 dependencies.policies: needs policy support@^3, but 'support' is 2.4.0"),
        ("support@^2.3", "billing", "42 dependencies.policies: unknown policy 'billing' (known: support)"),
    ],
)
def test_each_dangling_name_is_a_problem_with_its_line(shop: Workspace, old: str, new: str, line: str) -> None:
    change(shop, old, new)
    assert found(shop) == [f"personas/aria/persona.toml:{line}"]


def test_a_pattern_of_tools_needs_one_that_matches(shop: Workspace) -> None:
    change(shop, '"orders.get"', '"orders.*", "mail.*"')
    assert found(shop) == [
        "personas/aria/persona.toml:29 tools.allow: unknown tool 'mail.*' (known: orders.get, orders.refund)"
    ]


def test_what_the_caller_does_not_know_is_not_checked(shop: Workspace) -> None:
    change(shop, '"orders.get"', '"nonsense"')
    assert found(shop, Known()) == []
    assert "there is no tool in this workspace" in found(shop, Known(tools=[]))[0]


def test_an_unused_variable_and_a_template_expression_are_warnings(shop: Workspace) -> None:
    change(shop, '{ shop = "Northwind" }', '{ shop = "Northwind", town = "Oslo" }')
    (shop.personas / "aria" / "prompt.md").write_text("{{ shop }}\n{% if vip %}\n")
    problems = check(shop, "aria", EVERYTHING)
    assert [(problem.level, problem.where) for problem in problems] == [
        ("warning", "personas/aria/persona.toml:17 prompt.variables"),
        ("warning", "personas/aria/prompt.md:2"),
    ]


def test_a_broken_prompt_does_not_hide_what_else_is_wrong(shop: Workspace) -> None:
    (shop.personas / "aria" / "prompt.md").write_text("{{ shop }} {{ nobody }}")
    change(shop, '["support"]', '["suport"]')
    lines = found(shop)
    assert lines[0].startswith("personas/aria/prompt.md:1: the variable 'nobody' has no value")
    assert lines[1].startswith("personas/aria/persona.toml:32 policy.files")


def test_a_contract_that_is_not_toml_is_one_problem(shop: Workspace) -> None:
    (shop.personas / "aria" / "persona.toml").write_text("id = \n")
    assert found(shop) == [
        "personas/aria/persona.toml:1: not TOML: 'id': what stands behind the = is no value; a text stands in quotes"
    ]


def test_an_acceptance_id_stands_once(shop: Workspace) -> None:
    again = '[[acceptance]]\nid = "refund"\ngiven = "a"\nwhen = "b"\nthen = "c"\n\n[dependencies]'
    change(shop, "[dependencies]", again)
    assert found(shop) == ["personas/aria/persona.toml:42 acceptance[1].id: the acceptance id 'refund' is used twice"]


def test_an_unknown_persona_is_a_usage_error(shop: Workspace) -> None:
    with pytest.raises(UsageError):
        check(shop, "nobody")
