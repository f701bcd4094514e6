"""What is taken for coming after the point where a replay stopped: all that was recorded, but for what is decided anew."""

from __future__ import annotations

from typing import Any

from greenroom.regression.accept.rest import with_rest

CALLED: dict[str, Any] = {
    "reply": 1,
    "calls": [{"id": "c1", "tool": "a", "args": {}}, {"id": "c2", "tool": "b", "args": {}}],
}
BEGUN: list[dict[str, Any]] = [{"turn": 1, "user": "hi"}, CALLED]
OTHER = {"result": "c2", "tool": "b", "status": "done"}
ENDED: list[dict[str, Any]] = [{"reply": 2, "text": "Done."}, {"finish": "answered"}]
DENIED = {"verdict": "tool.call", "of": "c1", "effect": "deny", "rule": "no"}
REFUSED = {"result": "c1", "tool": "a", "status": "denied"}


def test_a_call_that_runs_now_is_not_decided_as_it_was_nor_has_it_the_result_it_had() -> None:
    recorded = [*BEGUN, DENIED, {"held": "c1", "effect": "deny", "rule": "no"}, REFUSED, OTHER, *ENDED]
    assert with_rest(BEGUN, recorded, "t1/tool:c1") == (*BEGUN, OTHER, *ENDED)


def test_what_was_told_already_does_not_come_twice() -> None:
    assert with_rest([*BEGUN, OTHER], [*BEGUN, DENIED, OTHER, *ENDED], "t1/tool:c1") == (*BEGUN, OTHER, *ENDED)


def test_a_question_may_be_answered_as_it_was_but_is_asked_for_todays_reason() -> None:
    asked = {"verdict": "tool.call", "of": "c1", "effect": "require_approval", "rule": "new"}
    then = [
        {"verdict": "tool.call", "of": "c1", "effect": "require_approval", "rule": "old"},
        {"answer": "c1", "decision": "allow"},
    ]
    told = [*BEGUN, asked, {"ask": "c1", "rule": "new"}]
    assert with_rest(told, [*BEGUN, *then, REFUSED, *ENDED], "t1/ask:c1") == (*told, then[1], REFUSED, *ENDED)


def test_where_it_stopped_elsewhere_nothing_is_made_up() -> None:
    assert with_rest(BEGUN, [*BEGUN, *ENDED], "t1/generate:3") is None
    assert with_rest(BEGUN, [*BEGUN, *ENDED], "t1/tool:c9") is None
    assert with_rest(BEGUN, [*BEGUN, *ENDED], "") is None
