"""Two contracts set beside one another: every part that differs, each change by itself."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.canonical import digest
from greenroom.regression.stale.contract_difference import Reading, difference
from greenroom.views.comparison.words import Piece

PERSONA = 'id = "aria"\nversion = "1.0.0"\n[limits]\nusd = 0.5\ntool_calls = 8\n'
TOOL = '[{"name": "a.b", "description": "d", "parameters": {"properties": {}}}]'


def reading(model: str = "m", **texts: str) -> Reading:
    return Reading({part: digest(text) for part, text in texts.items()}, texts, model)


def test_each_change_is_told_by_itself() -> None:
    before = reading(persona=PERSONA, prompt="Be brief. Cite.", tools=TOOL, parameters='{"temperature": 0.2}')
    other = PERSONA.replace("0.5", "0.1").replace("8", "9").replace("1.0.0", "1.1.0")
    tools = TOOL.replace("}}]", '}}, {"name": "c.d"}]').replace('"properties": {}', '"properties": {"x": {}}')
    after = reading("n", persona=other, prompt="Be warm. Cite.", tools=tools, parameters='{"temperature": 0.7}')
    found = {one.part: one for one in difference(before, after)}
    assert found["model"].changes == ("m -> n",)
    assert found["persona"].changes == ("version 1.0.0 -> 1.1.0", "limits.usd 0.5 -> 0.1", "limits.tool_calls 8 -> 9")
    assert found["prompt"].words == (
        (Piece("same", "Be "), Piece("gone", "brief"), Piece("came", "warm"), Piece("same", ".")),
    )
    assert found["tools"].changes == ("a.b gained the optional argument 'x'", "c.d added")
    assert found["parameters"].changes == ("temperature 0.2 -> 0.7",)


def test_what_says_the_same_in_other_words_is_said_to_do_so() -> None:
    (one,) = difference(reading(persona=PERSONA), reading(persona=f"# a word on it\n{PERSONA}"))
    assert one.changes == ("only comments, spaces or the order of keys",)
    (one,) = difference(reading(prompt="Be brief."), reading(prompt="Be brief.\n"))
    assert one.words


def test_limits_that_come_or_go_whole_are_told_and_a_lost_text_is_said_to_be_lost() -> None:
    (one,) = difference(reading(), reading(ceilings='{"usd": 0.1}'))
    assert one.changes == ("usd none -> 0.1",)
    (one,) = difference(Reading({"prompt": "a" * 64}, model="m"), reading(prompt="Be brief."))
    assert "does not hold the text" in one.changes[0]


def test_rules_that_only_were_compiled_with_other_tools_are_told_where_nothing_else_is() -> None:
    before, after = reading(policy=""), Reading({"policy": "x"}, {"policy": ""}, "m")
    assert len(difference(before, after)) == 1


@given(
    st.dictionaries(st.sampled_from(["persona", "prompt", "policy", "tools", "parameters", "own"]), st.text()),
    st.dictionaries(st.sampled_from(["persona", "prompt", "policy", "tools", "parameters", "own"]), st.text()),
)
def test_a_part_is_told_of_exactly_where_its_digest_differs(one: dict[str, str], other: dict[str, str]) -> None:
    found = difference(reading(**one), reading(**other))
    differing = {part for part in {*one, *other} if one.get(part) != other.get(part)}
    told = {section.part for section in found}
    assert differing - {"policy"} <= told <= differing
    assert bool(told) == bool(differing), "rules that say the same give way only to what is told beside them"
    assert all(section.changes or section.words for section in found)
    assert not difference(reading(**one), reading(**one))
