"""Every string of every payload is looked at and masked, at every hook, wherever in the payload it stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.values import Hook, Json, ToolSpec
from greenroom.detectors import Masks, find, mask_all, redact
from greenroom.detectors.own import OwnDetectors, own_detector
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.rules import HOOKS
from greenroom.policy.load import PolicySource, compile_policies
from greenroom.policy.port import Question
from greenroom.policy.verdict.bounds import Role

TOKEN = "ghp_0123456789abcdefghij0123456789abcdef"
CODE = "NW-1234-5678"
POLICY = f"""schema = "policy/1"
id = "all"
version = "1.0.0"
[[detector]]
id = "shop.code"
why = "w"
pattern = '\\bNW-[0-9]{{4}}-[0-9]{{4}}\\b'
[[rule]]
id = "all"
why = "w"
hook = {list(HOOKS)}
find = ["secret.*", "shop.*", "personal.card"]
then = "redact"
"""
PLACES: dict[str, tuple[str, Json]] = {
    "text": ("text", "say {} now"),
    "name of a tool the model made up": ("words[0]", ["{}"]),
    "argument": ("args.note", {"note": "{}"}),
    "argument's name": ("args.{}.(key)", {"{}": 1}),
    "list in a list": ("args.a[1][0].b", {"a": [0, [{"b": "{}"}]]}),
    "name below names": ("args.a.{}.(key)", {"a": {"{}": {"c": None}}}),
    "error": ("error", "it failed: {}"),
    "result": ("output.rows[0].x", {"rows": [{"x": "{}"}]}),
    "file name": ("source", "sizes-{}.md"),
    "heading": ("heading", "Refunds / {}"),
    "memory key": ("key", "{}"),
}


def _built() -> RulePolicy:
    return compile_policies([PolicySource("all.toml", POLICY)], [], Role())


def _filled(value: Json, secret: str) -> Json:
    if isinstance(value, str):
        return value.replace("{}", secret)
    if isinstance(value, list):
        return [_filled(item, secret) for item in value]
    if isinstance(value, dict):
        return {_filled(key, secret): _filled(item, secret) for key, item in value.items()}
    return value


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("kind", "secret"), [("secret.token", TOKEN), ("shop.code", CODE)])
def test_found_and_masked_wherever_it_stands(hook: Hook, place: str, kind: str, secret: str) -> None:
    path, value = PLACES[place]
    payload = {path.partition(".")[0].partition("[")[0]: _filled(value, secret)}
    tool = ToolSpec(name="t", description="", parameters={"type": "object"}) if hook.startswith("tool.") else None
    verdict = _built().decide(Question(hook=hook, payload=payload, tool=tool, subject=f"about {secret}"))
    (item,) = [one for one in verdict.findings if one.detector == kind and "(subject)" not in one.path]
    assert item.path.replace("['", '["').split(secret)[0] == path.split("{}")[0]
    assert secret not in str(verdict.payload)
    assert item.mask in str(verdict.payload)
    assert any("(subject)" in one.path for one in verdict.findings)


PIECES = st.sampled_from(
    [TOKEN, CODE, "4111 1111 1111 1111", "bob@example.com", "e\u0301", "😀", "👩‍👧", "\u200b", "４１１１", "‹card#1›", " ", "é", "\ud800", "NW-", "-"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=10).map("".join)
OWN = OwnDetectors((own_detector("shop.code", r"\bNW-[0-9]{4}-[0-9]{4}\b"),))


def _all(_kind: str) -> bool:
    return True


@given(TEXTS)
def test_spans_are_code_points_and_only_they_change(text: str) -> None:
    found = find(text, OWN)
    masks = Masks()
    masked = str(redact(text, found, masks))
    kept = "".join(c for place, c in enumerate(text) if not any(i.start <= place < i.end for i in found))
    rest = masked
    for item in sorted(find(masked, OWN), key=lambda one: -one.start):
        rest = rest[: item.start] + rest[item.end :] if item.mask else rest
    assert rest == kept
    for item in found:
        if item.detector == "shop.code" and not item.mask:
            assert text[item.start : item.end].replace("\u200b", "") == CODE


@given(st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=2), max_size=3))
def test_masking_twice_is_masking_once(payload: Any) -> None:
    masks = Masks()
    masks.call(OWN.labels)
    once = mask_all(payload, _all, masks, OWN)
    assert mask_all(once, _all, masks, OWN) == once
    assert all(item.mask for item in find(once, OWN))


@given(st.lists(st.sampled_from([CODE, "NW-0000-0000", TOKEN]), min_size=1, max_size=6))
def test_a_value_has_one_mask_and_a_mask_one_value(values: list[str]) -> None:
    masks = Masks()
    masks.call(OWN.labels)
    shown = [str(mask_all(f"x {value} y", _all, masks, OWN)) for value in values]
    assert len(set(zip(values, shown, strict=True))) == len(set(values)) == len(set(shown))
