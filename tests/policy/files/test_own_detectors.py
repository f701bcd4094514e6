"""Detectors that a policy file adds: read, checked, tested, found by rules, masked, and held in a stream."""

from __future__ import annotations

import pytest

from greenroom.core.errors import FileInvalid
from greenroom.policy.check import check_policies
from greenroom.policy.checking.trial import run_trials
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource, builtin_source, compile_policies
from greenroom.policy.port import Question
from greenroom.policy.verdict.bounds import Role

SHOP = """schema = "policy/1"
id = "shop"
version = "1.0.0"
[[detector]]
id = "shop.voucher"
why = "A voucher code is money."
pattern = '\\bNW-[0-9]{4}-[0-9]{4}\\b'
  [[detector.test]]
  text = "it is NW-1234-5678, not NW-12"
  expect = ["NW-1234-5678"]
[[rule]]
id = "vouchers"
why = "w"
hook = ["input", "output", "tool.call"]
find = ["shop.*"]
then = "redact"
  [[rule.test]]
  name = "a voucher"
  with = { text = "NW-1234-5678" }
  expect = "redact"
  [[rule.test]]
  name = "none"
  with = { text = "NW-1234" }
  expect = "no_match"
"""
OTHER = 'schema = "policy/1"\nid = "other"\nversion = "1.0.0"\n'


def built(*texts: str) -> RulePolicy:
    sources = [PolicySource(f"p{place}.toml", text) for place, text in enumerate(texts)]
    return compile_policies([builtin_source(), *sources], [], Role())


def test_rules_find_it_and_mask_exactly_it() -> None:
    text = "é NW-1234-5678 and 4111 1111 1111 1111, NW-1234-5678 or NW-0000-0000"
    verdict = built(SHOP).decide(Question(hook="input", payload={"text": text, "NW-1111-1111": 1}))
    assert verdict.payload == {
        "text": "é ‹voucher#1› and ‹card#1›, ‹voucher#1› or ‹voucher#2›",
        "‹voucher#3›": 1,
    }
    first = next(item for item in verdict.findings if item.detector == "shop.voucher")
    assert (first.path, first.start, first.end, first.mask) == ("text", 2, 14, "‹voucher#1›")


def test_its_mask_is_a_finding_and_deciding_again_changes_nothing() -> None:
    policy = built(SHOP)
    masked = policy.decide(Question(hook="input", payload={"text": "NW-1234-5678"})).payload
    again = policy.decide(Question(hook="output", payload=masked))
    assert (again.effect, again.payload, again.findings[0].mask) == ("redact", masked, "‹voucher#1›")


@pytest.mark.parametrize(
    ("old", "new", "where", "said"),
    [
        (r"'\bNW-[0-9]{4}-[0-9]{4}\b'", "'('", "p0.toml:7 detector[0].pattern", "missing ): ("),
        (r"'\bNW-[0-9]{4}-[0-9]{4}\b'", "'(NW)?'", "p0.toml:7 detector[0].pattern", "empty text"),
        (r"'\bNW-[0-9]{4}-[0-9]{4}\b'", "'[0-9]{4}'", "p0.toml:4 detector[0]", "some fixed text"),
        ("shop.voucher", "secret.voucher", "p0.toml:5 detector[0].id", "built-in detectors"),
        ("shop.voucher", "voucher", "p0.toml:5 detector[0].id", "pattern"),
        ('id = "shop.voucher"', 'id = "shop.card"', "p0.toml:4 detector[0]", "already called 'card'"),
        ('why = "A', 'check = "lun"\nwhy = "A', "p0.toml:6 detector[0].check", "no check is named 'lun'"),
        ('"shop.*"', '"shop.vouchr"', "p0.toml:15 rule[0].find", "no detector is named 'shop.vouchr'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(old: str, new: str, where: str, said: str) -> None:
    assert old in SHOP
    with pytest.raises(FileInvalid) as caught:
        built(SHOP.replace(old, new))
    assert caught.value.where == where
    assert said in caught.value.message
    assert "\n" not in caught.value.line()


def test_a_mistyped_kind_is_told_the_workspaces_own() -> None:
    with pytest.raises(FileInvalid) as caught:
        built(SHOP.replace('"shop.*"', '"shop.vouchr"'))
    assert caught.value.hint == "did you mean 'shop.voucher'?"


def test_tests_inside_a_detector_are_run() -> None:
    results = {one.rule: one for one in run_trials(built(SHOP.replace('["NW-1234-5678"]', '["NW-12"]')), [])}
    assert not results["shop.voucher"].passed
    assert results["shop.voucher"].line().startswith("FAIL  shop@1.0.0 shop.voucher: it is NW-1234-5678, not NW-12 (expected NW-12, got NW-1234-5678; p0.toml:5")  # fmt: skip
    assert all(one.passed for one in run_trials(built(SHOP), []))


def test_check_reports_a_failing_test_and_a_missing_one() -> None:
    def told(text: str) -> list[str]:
        return [one.line() for one in check_policies([PolicySource("p0.toml", text)], [], Role())]

    assert told(SHOP) == []
    assert "of shop.voucher failed" in told(SHOP.replace('["NW-1234-5678"]', "[]"))[0]
    bare = SHOP[: SHOP.index("  [[detector.test]]")] + SHOP[SHOP.index("[[rule]]") :]
    assert told(bare) == ["p0.toml:5 detector[0].id: detector 'shop.voucher' has no test (add a [[detector.test]])"]


def test_a_detector_is_there_for_every_file_and_once() -> None:
    uses = OTHER + '[[rule]]\nid = "u"\nwhy = "w"\nhook = "export"\nfind = ["shop.voucher"]\nthen = "redact"\n'
    assert len(built(SHOP, uses).own) == 1
    sources = [PolicySource("a.toml", uses), PolicySource("b.toml", SHOP)]
    assert [one.level for one in check_policies(sources, [], Role())] == ["warning"]
    same = OTHER + SHOP[SHOP.index("[[detector]]") : SHOP.index("[[rule]]")].replace("is money", "counts")
    assert len(built(SHOP, same).own) == 1
    with pytest.raises(FileInvalid, match=r"there twice, and not as shop@1\.0\.0 has it") as caught:
        built(SHOP, same.replace("{4}-", "{5}-"))
    assert caught.value.where == "p1.toml:5 detector[0].id"
    with pytest.raises(FileInvalid, match=r"masks of 'shop.voucher' are already called 'voucher'"):
        built(SHOP, same.replace("shop.voucher", "mall.voucher"))


def test_words_in_a_stream_are_held_as_its_pattern_needs() -> None:
    told = "Here you are, dear customer, this is your new code, NW-1234-5678"
    assert built().settled(told) > built(SHOP).settled(told) > 20
    endless = SHOP.replace("[0-9]{4}\\b", "[0-9]+")
    assert built(endless).settled(told * 9) == 0
    assert built(endless.replace('"output", ', "")).settled(told * 9) > 0


def test_the_digest_knows_the_pattern() -> None:
    assert built(SHOP).digest != built(SHOP.replace("{4}-", "{5}-").replace("1234-5678", "12345-5678")).digest
