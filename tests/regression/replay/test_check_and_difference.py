"""The check tier, staleness, and how differences are put into words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.canonical import digest
from greenroom.core.inert import hidden_count
from greenroom.core.values import Json
from greenroom.regression.replay.added import told_apart
from greenroom.regression.replay.check import check_file
from greenroom.regression.replay.difference import first_difference, title, words_in_short
from greenroom.regression.replay.outcome import DETAIL_LINES, outcome
from greenroom.regression.stale.stale import changes
from greenroom.regression.tape.names import Names
from greenroom.regression.tape.parts import Parts, part_name, text_name
from greenroom.regression.tape.sealed import recorded_digests
from greenroom.regression.tape.tape import Line, Tape, sealed, write

LINES: tuple[Line, ...] = (
    {"turn": 1, "user": "Hello"},
    {"recall": []},
    {"retrieve": []},
    {"reply": 1, "text": "Good day.", "tokens": [10, 2], "added": ["user#185f8d"]},
    {"finish": "answered"},
)
OLD, NEW = "Be brief and plain.", "Be warm and plain."


def written(folder: Path, lines: tuple[Line, ...] = LINES, **digests: str) -> Path:
    header: Line = {"persona": "aria@1.0.0", "model": "m", "digests": {**recorded_digests(LINES), **digests}}
    (folder / "x.tape.jsonl").write_bytes(write(sealed(header, lines)))
    (folder / "x.case.toml").write_text('schema = "case/1"\n', encoding="utf-8")
    return folder / "x.tape.jsonl"


def test_a_whole_fixture_passes_the_check(tmp_path: Path) -> None:
    assert check_file(written(tmp_path)).kind == "passed"


def test_a_check_judges_expectations_on_the_tape(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "x.case.toml").write_text('schema = "case/1"\n[[assert]]\ntext = { contains = "night" }\n')
    found = check_file(path)
    assert (found.kind, found.line) == ("failed", 'assert[0] turn 1: the reply does not contain "night": "Good day."')


def test_a_check_names_what_is_stale_with_the_words_that_changed(tmp_path: Path) -> None:
    Parts(tmp_path).write({part_name(digest(OLD)): OLD})
    path = written(tmp_path, prompt=part_name(digest(OLD)))
    assert check_file(path, {"prompt": digest(OLD)}, {"prompt": OLD}).kind == "passed"
    found = check_file(path, {"prompt": digest(NEW)}, {"prompt": NEW})
    assert (found.kind, found.line) == ("stale", "persona aria 1.0.0: prompt: one sentence: … Be -brief +warm …")


def test_a_component_whose_old_text_was_not_kept_is_told_by_its_digests(tmp_path: Path) -> None:
    path = written(tmp_path, prompt=part_name(digest(OLD)))
    was, now = digest(OLD)[:8], digest(NEW)[:8]
    said = check_file(path, {"prompt": digest(NEW)}, {"prompt": NEW}).line
    assert said == f"persona aria 1.0.0: prompt changed (#{was} -> #{now})"


def test_a_component_only_one_side_knows_is_not_stale(tmp_path: Path) -> None:
    tape = Tape({"persona": "aria@1.0.0", "digests": {"gone": "ab", "corpus": "cd"}}, ())
    assert changes(tape, {"fresh": "ef", "corpus": "00"}, {}, Parts(tmp_path)) == ()


def test_a_check_finds_a_malformed_line_and_a_world_that_is_not_the_headers(tmp_path: Path) -> None:
    reply: Line = {"reply": 1, "text": 7, "tokens": "many"}
    found = check_file(written(tmp_path, (LINES[0], reply)))
    assert (found.kind, found.tape_line) == ("broken", 3)
    assert found.line.startswith("x.tape.jsonl:3: this 'reply' line is not of the form a tape has")
    unknown = check_file(written(tmp_path, ({"dance": 1},)))
    assert "a tape has no 'dance' lines" in unknown.line
    assert (
        check_file(written(tmp_path, memory="0" * 16)).line
        == "x.tape.jsonl:1: the recorded memory is not what the header says"
    )
    assert check_file(tmp_path / "none.tape.jsonl").kind == "broken"


@pytest.mark.parametrize(
    "line",
    [
        {"verdict": "input"},
        {"verdict": [], "effect": "deny", "rule": "x"},
        {"ask": "c1", "rule": "x"},
        {"select": 7},
        {"release": 1, "effect": "deny"},
        {"finish": []},
    ],
)
def test_a_line_that_is_only_compared_is_looked_at_too(tmp_path: Path, line: Line) -> None:
    path = written(tmp_path, (LINES[0], line, *LINES[1:]))
    (tmp_path / "x.case.toml").write_text('schema = "case/1"\n[[assert]]\nverdict = { rule = "x" }\n')
    found = check_file(path)
    assert (found.kind, found.tape_line) == ("broken", 3), found


def test_a_part_cannot_be_asked_for_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    parts = Parts(tmp_path / "fixtures")
    assert parts.component("../../secret") == ""
    assert parts.component("../" * 8 + "etc/passwd") == ""


def test_parts_are_written_once(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    assert len(parts.write({text_name("a"): "a", text_name("b"): "b"})) == 2
    assert parts.write({text_name("a"): "a"}) == ()
    assert parts.passage(text_name("a")) == "a"


def changed(**values: object) -> list[Line]:
    return [{**line, **values} if next(iter(values)) in line else line for line in LINES]


def test_a_difference_shows_both_sides_of_the_first_event_that_differs() -> None:
    found = first_difference(LINES, changed(text="Good night."))
    assert found.line == "turn 1: reply 1: text -day +night"
    assert found.detail.splitlines() == ["  reply: 1", "- text: Good day.", "+ text: Good night.", "  tokens: [10, 2]"]
    assert (found.index, found.ended) == (3, False)


def test_a_list_is_told_by_what_went_and_came() -> None:
    old: Line = {"retrieve": [["p1", "a.md#x", 0.9], ["p2", "b.md", 0.5]], "legs": ["lexical", "ngrams"]}
    new: Line = {"retrieve": [["p1", "a.md#x", 0.9], ["p2", "c.md", 0.5]], "legs": ["ngrams", "lexical"]}
    found = first_difference([LINES[0], old], [LINES[0], new])
    assert found.line == "turn 1: retrieve: -b.md +c.md; legs in another order"


def test_names_are_told_by_an_arrow_and_what_came_or_went_by_its_name() -> None:
    old: Line = {"verdict": "tool.call", "of": "c2", "effect": "require_approval", "rule": "refund.large", "risk": 40}
    new: Line = {"verdict": "tool.call", "of": "c2", "effect": "require_approval", "rule": "autonomy"}
    gone = first_difference([LINES[0], old, *LINES[1:]], [LINES[0], new, *LINES[1:]])
    assert gone.line == "turn 1: verdict tool.call of c2: rule refund.large -> autonomy; no risk any more"
    came = first_difference([LINES[0], new, *LINES[1:]], [LINES[0], old, *LINES[1:]])
    assert came.line == "turn 1: verdict tool.call of c2: rule autonomy -> refund.large; risk 40 is new"


@pytest.mark.parametrize("size", [0, 10, 100, 5_000])
def test_two_long_values_are_shown_from_where_they_part(size: int) -> None:
    recorded: Line = {"result": "c1", "tool": "t", "output": {"note": "x" * size + "left" + "y" * size}}
    replayed: Line = {"result": "c1", "tool": "t", "output": {"note": "x" * size + "right" + "y" * size}}
    found = first_difference([recorded], [replayed])
    gone, came = found.line.split(" -> ")
    assert "left" in gone and "right" in came and len(found.line) < 250
    minus, plus = (next(row for row in found.detail.splitlines() if row[0] == sign) for sign in "-+")
    assert "left" in minus and "right" in plus and len(plus) < 700


def test_of_many_passages_the_rows_of_an_outcome_show_where_they_part() -> None:
    passages: list[Json] = [[f"p{n}", f"returns.md#a-heading-of-some-length-{n}", 0.5] for n in range(12)]
    found = first_difference([{"retrieve": passages}], [{"retrieve": passages[:10]}])
    minus, plus = (row for row in outcome("diverged", found.line, found.detail).detail.splitlines() if row[0] in "-+")
    assert minus != "-" + plus[1:] and "length-10" in minus and "length-10" not in plus


def test_a_missing_event_an_extra_event_and_an_early_end_are_told_apart() -> None:
    missing = first_difference(LINES, [*LINES[:3], LINES[4]])
    assert missing.line == "turn 1: reply 1 did not happen"
    assert missing.detail.endswith("replayed next: finish answered")
    extra: Line = {"verdict": "input", "effect": "deny", "rule": "x"}
    assert (
        first_difference(LINES, [LINES[0], extra, *LINES[1:]]).line
        == "turn 1: verdict input happened and is not on the tape"
    )
    assert first_difference(LINES, LINES[:3]).ended
    assert (
        first_difference(LINES, [*LINES, {"turn": 2, "user": "x"}]).line
        == "turn 2: turn 2 happened and is not on the tape"
    )


def test_abandoned_turns_and_what_was_checked_elsewhere_do_not_count() -> None:
    without: list[Line] = [{k: v for k, v in line.items() if k != "added"} for line in LINES]
    assert first_difference(LINES, without).line == ""
    given_up: list[Line] = [{"turn": 2, "user": "x"}, {"finish": "abandoned"}]
    assert first_difference([*LINES, *given_up], [*LINES, given_up[0], {"recall": []}, given_up[1]]).line == ""


@given(st.lists(st.sampled_from(LINES), max_size=6), st.lists(st.sampled_from(LINES), max_size=6))
def test_no_difference_is_found_exactly_where_there_is_none(old: list[Line], new: list[Line]) -> None:
    assert (first_difference(old, new).line == "") == (old == new)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_word_diff_is_one_short_line(old: str, new: str) -> None:
    found = words_in_short(old, new)
    assert len(found) <= 160
    assert hidden_count(found) == 0
    assert "\n" not in found


@given(st.text(max_size=3000))
def test_an_outcome_is_short_and_harmless(text: str) -> None:
    made = outcome("failed", text, text * 3, (text,))
    assert len(made.detail.splitlines()) <= DETAIL_LINES
    assert len(made.line) <= 400
    assert "\x1b" not in made.line + made.detail


def test_names_are_stable_and_idempotent() -> None:
    names = Names()
    assert [names.memory("x7"), names.passage("a"), names.memory("x7"), names.memory("b")] == ["m1", "p1", "m1", "m2"]
    again = Names(["m2"])
    assert [again.memory("m1"), again.passage("p1"), again.memory("fresh"), again.memory("m2"), again.of("fresh")] == [
        "m1", "p1", "m2", "m2", "m2",
    ]  # fmt: skip
    assert again.memory("another") == "m3"


@pytest.mark.parametrize(
    ("recorded", "now", "said"),
    [
        (["user#1"], ["user#2"], "the person's words changed"),
        (["user#1"], ["passages#3", "user#1"], "added: the passages"),
        (["memory#1", "user#1"], ["user#1"], "missing: the memories"),
        (["c1#1", "c2#1"], ["c2#2"], "the result of c2 changed; missing: the result of c1"),
        (["calls#1", "c1#1"], ["c1#1", "calls#1"], "the same things stand in another order"),
        (
            ["c1#1"],
            ["c1#2", "c2#1", "c3#1", "c4#1", "c5#1"],
            "the result of c1 changed; added: the result of c2, the result of c3, the result of c4 and 1 more",
        ),
        ([], ["system2#1", "assistant#1"], "added: 'system2', the reply before"),
        ([7], ["user#1"], "added: the person's words; missing: '7'"),
    ],
)
def test_what_is_other_in_a_prompt_is_said_in_plain_words(recorded: list[object], now: list[str], said: str) -> None:
    assert told_apart(recorded, now) == said


def test_what_happened_in_the_place_of_another_event_is_told_in_words() -> None:
    day: Line = {"day": {"orders.refund:args.amount:day": "90.0"}, "of": "c2"}
    result: Line = {"result": "c2", "tool": "orders.refund", "status": "invalid"}
    found = first_difference([LINES[0], day, *LINES[1:]], [LINES[0], result, *LINES[2:]])
    assert found.line == "turn 1: result of c2 (orders.refund) happened in the place of sums of the day of c2"
    assert title({"release": "I may not say that.", "effect": "deny"}) == "released reply"
