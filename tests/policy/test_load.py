"""Policy files: what is wrong is said with file, line, key path and what was probably meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.core.values import ToolSpec
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.rules import HOOKS, PolicyFile
from greenroom.policy.language import vocabulary
from greenroom.policy.load import load_policies, policy_paths, read_source

Build = Callable[..., RulePolicy]

RULE = """[[rule]]
id    = "r"
why   = "w"
hook  = "tool.call"
tools = ["orders.refund"]
when  = ["args.amount > 100"]
then  = "deny"
"""


@pytest.mark.parametrize(("old", "new", "where", "said", "hint"), [
    ("orders.refund", "orders.refnd", "p0.toml:8 rule[0].tools", "unknown tool 'orders.refnd'", "'orders.refund'"),
    ("orders.refund", "shop.*", "p0.toml:8 rule[0].tools", "no tool matches 'shop.*'", "known: "),
    ("args.amount", "args.amuont", "p0.toml:9 rule[0].when", "unknown name 'args.amuont'", "did you mean 'args.amount'?"),
    ("args.amount", "sesion.turn", "p0.toml:9 rule[0].when", "unknown name 'sesion.turn'", "did you mean 'session.turn'?"),
    ("> 100", "> 'much'", "p0.toml:9 rule[0].when", "'>' cannot be used with double and string", ""),
    ("args.amount > 100", "args.amount", "p0.toml:9 rule[0].when", "is a number, not true or false", "compare"),
    ("> 100", ">", "p0.toml:9 rule[0].when", "the clause is not finished", ""),
    ("tool.call", "tool.cal", "p0.toml:7 rule[0].hook", "unknown hook 'tool.cal'; did you mean 'tool.call'?", ""),
    ('"tool.call"', '["output"]', "p0.toml:4 rule[0]", "'tools' belongs to the hooks tool.call and tool.result", ""),
    ('"deny"', '"block"', "p0.toml:10 rule[0].then", "must be 'allow', 'redact'", ""),
    ('"deny"', '"redact"', "p0.toml:4 rule[0]", "redact needs 'find'", ""),
    ("then ", "them ", "p0.toml:4 rule[0].then", "'then' is missing", ""),
    ("why ", "whi ", "p0.toml:4 rule[0].why", "'why' is missing", ""),
    ('then  = "deny"', 'then = "deny"\nfind = ["secrets.*"]', "p0.toml:11 rule[0].find", "no detector is named", ""),
    ('then  = "deny"', 'then = "deny"\nriks = 3', "p0.toml:11 rule[0].riks", "unknown key 'riks'", "did you mean 'risk'?"),
    ('then  = "deny"', 'then = "escalate"\nask = { deadline = "soon" }', "p0.toml:11 rule[0].ask.deadline", "duration", ""),
    ('then  = "deny"', 'then = "escalate"\nask = { deadline = "99999999999d" }', "p0.toml:11 rule[0].ask.deadline", "duration", ""),
    ('then  = "deny"', 'then = "escalate"\nask = { then = ["allow"] }', "p0.toml:11 rule[0].ask.then", "never allows", ""),
    ('then  = "deny"', 'then = "deny"\nshow = ["args.amuont"]', "p0.toml:11 rule[0].show", "'args.amuont'", "args.amount"),
    ("args.amount >", "args.amount >>", "p0.toml:9 rule[0].when", "", ""),
])  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(
    build: Build, old: str, new: str, where: str, said: str, hint: str
) -> None:
    assert old in RULE
    with pytest.raises(FileInvalid) as caught:
        build(RULE.replace(old, new))
    assert caught.value.where.startswith(where.rpartition("[")[0] if where.endswith("]") else where)
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in caught.value.line()


def test_a_name_that_some_tools_lack_must_be_guarded(build: Build) -> None:
    both = RULE.replace('["orders.refund"]', '["orders.refund", "orders.get"]')
    with pytest.raises(FileInvalid, match=r"'args.amount' is not an argument of orders.get") as caught:
        build(both)
    assert caught.value.hint == "guard it with has(args.amount)"
    build(both.replace('"args.amount > 100"', '"has(args.amount) && args.amount > 100"'))
    build(both.replace('["args.amount > 100"]', '["has(args.amount)", "args.amount > 100"]'))


def test_two_rules_of_one_id_are_refused(build: Build) -> None:
    with pytest.raises(FileInvalid, match=r"p0.toml:12 rule\[1\].id: rule 'r' is there twice"):
        build(RULE + RULE)


def test_an_envelope_names_only_what_exists(build: Build) -> None:
    with pytest.raises(FileInvalid, match=r"p0.toml:5 envelope.persona.tools: unknown tool 'mail.sned'") as caught:
        build('[envelope.persona]\ntools = ["mail.sned"]\n')
    assert caught.value.hint == "did you mean 'mail.send'?"
    with pytest.raises(FileInvalid, match=r"no tool has an argument 'args.ammount'") as caught:
        build('[envelope.persona]\nlimits = { sum = { "args.ammount" = { day = 3 } } }\n')
    assert caught.value.hint == "did you mean 'args.amount'?"


def test_an_exception_names_a_rule_of_its_file_with_owner_and_day(build: Build) -> None:
    with pytest.raises(FileInvalid, match=r"no rule 'secrets.masked' in this file"):
        build(RULE + '[[exception]]\nrule = "secrets.masked"\nowner = "o"\nexpires = 2027-01-01\nwhy = "w"\n')
    with pytest.raises(FileInvalid, match="'expires' is missing"):
        build(RULE + '[[exception]]\nrule = "r"\nowner = "o"\nwhy = "w"\n')


def test_arguments_are_unknown_where_there_are_none(build: Build) -> None:
    with pytest.raises(FileInvalid, match=r"unknown name 'args\.amount'"):
        build(RULE.replace('"tool.call"', '"tool.result"'))
    with pytest.raises(FileInvalid, match=r"unknown name 'passage\.source'"):
        build(
            '[[rule]]\nid = "r"\nwhy = "w"\nhook = ["retrieval", "output"]\nwhen = ["passage.source == \'a\'"]\nthen = "deny"\n'
        )


def test_files_are_found_by_the_names_a_persona_gives(
    tmp_path: Path, tools: tuple[ToolSpec, ...], support: str
) -> None:
    (tmp_path / "support.toml").write_text(support, encoding="utf-8")
    policy = load_policies(policy_paths(tmp_path, ["support"]), tools, root=tmp_path)
    assert policy.label == "support@2.3.0"
    with pytest.raises(FileInvalid, match="no policy file 'suport'") as caught:
        policy_paths(tmp_path, ["suport"])
    assert caught.value.hint == "did you mean 'support'?"


def test_files_that_cannot_be_read_are_said(tmp_path: Path, tools: tuple[ToolSpec, ...]) -> None:
    with pytest.raises(FileInvalid, match=r"gone.toml: the file is missing"):
        load_policies([tmp_path / "gone.toml"], tools, root=tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'id = "\xe9"')
    with pytest.raises(FileInvalid, match="not UTF-8 text"):
        read_source(tmp_path / "latin.toml", tmp_path)
    (tmp_path / "broken.toml").write_text("schema = ", encoding="utf-8")
    with pytest.raises(FileInvalid, match=r"broken.toml:1: not TOML"):
        load_policies([tmp_path / "broken.toml"], tools, root=tmp_path)


def test_the_vocabulary_prints_every_name_once() -> None:
    lines = vocabulary.lines()
    assert [line.split()[0] for line in lines] == ["args.*", *(entry.name for entry in vocabulary.NAMES)]
    assert len({line.split()[0] for line in lines}) == len(lines)


def test_the_schema_for_editors_knows_hooks_alone_and_listed() -> None:
    schema = PolicyFile.model_json_schema(by_alias=True)
    alone, listed = schema["$defs"]["Rule"]["properties"]["hook"]["anyOf"]
    assert alone == listed["items"] == {"enum": list(HOOKS)}
    assert {"schema", "id", "version", "mode", "envelope", "detector", "rule", "exception"} == set(schema["properties"])
    assert schema["additionalProperties"] is False
