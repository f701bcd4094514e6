"""Where a change stands that made a recording stale: a file that is there, at the line where it differs, or nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from greenroom.policy.files.bundle import joined
from greenroom.policy.load import PolicySource
from greenroom.regression.replay.outcome import EACH, placed, placed_rows
from greenroom.regression.stale.persona_change import contract_change
from greenroom.regression.stale.places import Places
from greenroom.regression.stale.policy_change import policy_change
from greenroom.regression.stale.prompt_change import prompt_change, prompt_lines

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"
CONTRACT = "personas/aria/persona.toml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    left = shutil.ignore_patterns(".greenroom", "__pycache__")
    return shutil.copytree(HELPDESK, tmp_path / "shop", ignore=left)


def specs(*names: str) -> str:
    return json.dumps([{"name": name, "description": "x"} for name in names])


def line_of(root: Path, file: str, text: str) -> int:
    whole = (root / file).read_text(encoding="utf-8")
    return whole.count("\n", 0, whole.index(text)) + 1


def test_the_contract_and_the_prompt_are_told_by_the_first_line_that_differs(root: Path) -> None:
    places = Places(root, "aria")
    contract = (root / CONTRACT).read_text(encoding="utf-8")
    other = contract.replace("usd        = 0.25", "usd = 0.1")
    assert places.of("persona", other, contract) == f"{CONTRACT}:{line_of(root, CONTRACT, 'usd        = 0.25')}"
    prompt = (root / "personas/aria/prompt.md").read_text(encoding="utf-8")
    assert places.of("prompt", prompt + "\nMore.", prompt) == f"personas/aria/prompt.md:{len(prompt.splitlines())}"
    assert places.of("prompt", "", prompt) == "personas/aria/prompt.md", "what it was nobody knows"


def test_every_policy_file_that_differs_is_told_and_none_that_is_gone(root: Path) -> None:
    (root / "policies" / "more.toml").write_text("a\nb\n")
    one = PolicySource("policies/support.toml", "a\nb\nc")
    old = joined([one, PolicySource("policies/more.toml", "a\nc"), PolicySource("policies/gone.toml", "x")])
    new = joined([PolicySource("policies/support.toml", "a\nb\nd"), PolicySource("policies/more.toml", "a\nb")])
    assert Places(root, "aria").of("policy", old, new) == "policies/support.toml:3, policies/more.toml:2"
    assert Places(root, "aria").of("policy", "no bundle", new) == ""


def test_a_tool_is_told_where_it_is_declared(root: Path) -> None:
    (root / "tools" / "plain.py").write_text(
        "from greenroom.tools import tool\n\n@tool()\ndef look(a: int) -> int:\n    return a\n"
    )
    places = Places(root, "aria")
    refund = line_of(root, "tools/orders.py", '@tool(name="orders.refund"')
    told = places.of("tools", specs("orders.get"), specs("orders.get", "orders.refund", "plain.look"))
    assert told.split("; ") == [f"tools/orders.py:{refund}", "tools/plain.py:4"]
    assert places.of("tools", specs("orders.gone", "nobody.knows"), specs()) == "tools/orders.py"


def test_what_greenroom_toml_says_is_told_by_its_key(root: Path) -> None:
    places, file = Places(root, "aria"), "greenroom.toml"
    limit, local = (line_of(root, file, text) for text in ("usd        = 0.50", 'use            = "ollama'))
    assert places.of("ceilings", '{"usd": 0.1}', '{"usd": 0.5}') == f"{file}:{limit}"
    assert places.of("models", '{"local": "a/b"}', '{"local": "c/d"}') == f"{file}:{local}"
    assert places.of("models", '{"none": "a/b"}', "{}") == file, "a table that is gone has no line"
    assert places.document("returns.md") == "knowledge/returns.md"
    assert places.document("returns.md", "returns") == f"{file}:{line_of(root, file, 'returns  = [')}"
    assert places.document("returns.md", "gone") == f"{file}:{line_of(root, file, '[knowledge.collections]')}"


@pytest.mark.parametrize("persona", ["nobody", "../../outside", "x\nPersona"])
def test_what_is_not_a_file_of_the_workspace_is_not_told(root: Path, persona: str) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "persona.toml").write_text("x\n")
    for component in ("persona", "prompt", "parameters", "corpus", "knowledge"):
        assert Places(root, persona).of(component, "a", "b") == ""
    for source in ("../secret.md", "gone.md", "a, b.md", "x\x1b[31m.md"):
        assert Places(root, "aria").document(source) == ""
    for component in ("tools", "ceilings", "models"):
        assert Places(root, "aria").of(component, "{", "[1]") == ""


def test_a_key_is_told_by_its_own_line_whatever_else_of_the_file_is_other(root: Path) -> None:
    contract = (root / CONTRACT).read_text(encoding="utf-8")
    old = contract.replace("temperature = 0.2", "temperature = 0.7").replace("top_k       = 6", "top_k       = 4")
    places = Places(root, "aria")
    assert places.of("persona", old, contract) == f"{CONTRACT}:{line_of(root, CONTRACT, 'top_k')}"
    assert places.of("parameters", '{"temperature": 0.7}', '{"temperature": 0.2}').endswith(
        f":{line_of(root, CONTRACT, 'temperature')}"
    )
    old = old.replace('then    = "the answer says 30', 'then    = "the answer says 20')
    own = f"{CONTRACT}:{line_of(root, CONTRACT, 'the answer says 30')}"
    assert places.of("persona", old, contract).split(EACH)[1] == own, "an entry that is known by its id"


def test_each_change_of_a_contract_has_its_place(root: Path) -> None:
    contract = (root / CONTRACT).read_text(encoding="utf-8")
    old = contract
    for one, other in (('"plain"]', '"terse"]'), ("usd        = 0.25", "usd = 1"), ("seconds    = 60", "seconds = 9")):
        assert one in old
        old = old.replace(one, other, 1)
    place = Places(root, "aria").of("persona", old, contract)
    tone, usd, seconds = (line_of(root, CONTRACT, text) for text in ("tone  =", "usd        =", "seconds    ="))
    assert place.split(EACH) == [f"{CONTRACT}:{line}" for line in (tone, usd, seconds)]
    assert placed(f"persona aria: {contract_change(old, contract)}", place) == (
        f"persona aria: voice.tone +plain -terse ({CONTRACT}:{tone}); limits.usd 1 -> 0.25 (:{usd}); "
        f"limits.seconds 9 -> 60 (:{seconds})"
    )


def test_each_rule_has_its_place_and_one_that_is_gone_none_of_another(root: Path) -> None:
    file = "policies/support.toml"
    text = (root / file).read_text(encoding="utf-8")
    old = text.replace("args.amount > 100", "args.amount > 1", 1).replace("args.amount > 500", "args.amount > 5", 1)
    added = text + '\n[[rule]]\nid = "late"\nwhy = "w"\nhook = "tool.call"\ntools = ["mail.send"]\nthen = "deny"\n'
    (root / file).write_text(added, encoding="utf-8")
    before, after = (joined([PolicySource(file, one)]) for one in (old, added))
    told = placed(policy_change(before, after), Places(root, "aria").of("policy", before, after))
    lines = [line_of(root, file, one) for one in ('"args.amount > 100"', '"args.amount > 500"')]
    late = line_of(root, file, 'id = "late"') - 1
    assert [f"{file}:{lines[0]}" in told, f"(:{lines[1]})" in told, told.endswith(f"(:{late})")] == [True] * 3, told


def test_changes_that_cannot_be_told_apart_have_their_places_at_the_end() -> None:
    assert placed("a; b; c", EACH.join(["x.toml:1", "y.toml:2"])) == "a; b; c (x.toml:1, y.toml:2)"
    assert placed("a; b and 2 more", EACH.join(["x.toml:1", "x.toml:2"])) == "a (x.toml:1); b (:2) and 2 more"


def test_a_cause_of_several_changes_has_a_row_for_each_with_its_own_place() -> None:
    assert placed_rows("policy: a 1 -> 2", "x.toml:3") == ["policy: a 1 -> 2 (x.toml:3)"]
    cause = "persona aria 1.3.0: limits.usd 1 -> 2; prompt: 2 edits: -One.; +Two.; parameters: seed 1 -> 2 and 3 more"
    place = EACH.join(["p.toml:3", "p.md:1", "p.md:2", "p.toml:9"])
    assert placed_rows(cause, place, place.replace("p.", "shop/p.")) == [
        "persona aria 1.3.0: 7 changes",
        "limits.usd 1 -> 2 (shop/p.toml:3)",
        "prompt: -One. (shop/p.md:1)",
        "prompt: +Two. (shop/p.md:2)",
        "parameters: seed 1 -> 2 (shop/p.toml:9) and 3 more",
    ]
    ambiguous = "persona aria: prompt: 2 edits: be kind; be brief; +Two."
    assert placed_rows(ambiguous, EACH.join(["p.md:1", "p.md:2"])) == [f"{ambiguous} (p.md:1, p.md:2)"]


def test_each_edit_of_a_prompt_has_the_line_of_its_first_other_word(root: Path) -> None:
    file = "personas/aria/prompt.md"
    old = (root / file).read_text(encoding="utf-8")
    new = old.replace("never press for it", "never ever press for it").replace(
        "Never invent a rule, a price or a date.", ""
    )
    new = new.replace("What you keep:", "Always answer in German.\n\nWhat you keep:")
    (root / file).write_text(new, encoding="utf-8")
    lines = [line_of(root, file, text) for text in ("What you do:", "ever press", "Always answer")]
    assert prompt_change(old, new).startswith("3 edits: -Never invent")
    assert Places(root, "aria").of("prompt", old, new).split(EACH) == [f"{file}:{line}" for line in lines]
    assert prompt_lines(old, old + "\nBe kind.") == [len(old.splitlines()) + 2]
    assert prompt_lines("One. Two.", "One.") == [1] and prompt_lines("One.", "") == [1]


def test_a_rule_that_is_gone_is_told_where_the_next_one_stands_whatever_else_changed(root: Path) -> None:
    file = "policies/support.toml"
    old = (root / file).read_text(encoding="utf-8")
    start, end = old.index('[[rule]]\nid    = "refund.large"'), old.index('[[rule]]\nid    = "refund.finance"')
    new = (
        (old[:start] + old[end:])
        .replace('version = "2.3.0"', 'version = "2.4.0"')
        .replace("session = 500", "session = 80")
    )
    (root / file).write_text(new, encoding="utf-8")
    before, after = (joined([PolicySource(file, one)]) for one in (old, new))
    rows = placed_rows(f"policy: {policy_change(before, after)}", Places(root, "aria").of("policy", before, after))
    finance, version, limits = (
        line_of(root, file, one) for one in ('id    = "refund.finance"', "version =", "limits = {")
    )
    bound = "envelope.persona.limits.sum.args.amount.session"
    assert rows[0] == "policy: 3 changes"
    assert rows[1].startswith("rule refund.large removed (") and rows[1].endswith(f" ({file}:{finance - 1})")
    assert rows[2] == f"support: version 2.3.0 -> 2.4.0 ({file}:{version})"
    assert rows[3] == f"support: {bound} 500 -> 80 ({file}:{limits})"
