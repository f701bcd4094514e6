"""What a clause's live values show: what it compared, not everything around that."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.core.values import Clause
from greenroom.policy.explain import clause
from greenroom.policy.language.conditions import Environment

TYPES = {
    "args.body": "string",
    "args.to": "string",
    "args.lines": "list(dyn)",
    "session.counts": "map(string, int)",
}
VALUES: dict[str, Any] = {
    "args.body": "Größe " * 20,
    "args.to": "a@b",
    "args.lines": [7, 8],
    "session.counts": {"orders.refund": 2},
}
COUNT = "session.counts['orders.refund']"


@pytest.mark.parametrize(
    ("source", "live"),
    [
        ("args.body.size() > 60", {"args.body.size()": 120}),
        ("size( args.body ) > 60", {"size(args.body)": 120}),
        ("has(args.body) && args.body.size() > 3", {"args.body.size()": 120}),
        ("args.body.size() > 3 && args.body != ''", {"args.body.size()": 120, "args.body": VALUES["args.body"]}),
        (f"{COUNT} >= 2", {COUNT: 2}),
        (f"'orders.refund' in session.counts && {COUNT} >= 2", {COUNT: 2}),
        ("args.lines[0] == 7 || args.lines[1] == 7", {"args.lines[0]": 7, "args.lines[1]": 8}),
        # Where the part is not there, or more than a part is looked at, the whole says why.
        ("session.counts['mail.send'] > 1", {"session.counts": {"orders.refund": 2}}),
        ("args.lines[5] == 7", {"args.lines": [7, 8]}),
        ("'orders.refund' in session.counts", {"session.counts": {"orders.refund": 2}}),
        ("args.lines.exists(x, x == 7)", {"args.lines": [7, 8]}),
        ("args.to.endsWith('b')", {"args.to": "a@b"}),
    ],
)
def test_a_size_or_an_item_is_shown_alone_and_the_whole_only_where_it_was_looked_at(
    source: str, live: dict[str, Any]
) -> None:
    assert Environment(TYPES).compile(source).live(VALUES) == live


def test_explain_shows_what_was_compared_and_a_clause_of_an_older_log_reads_as_before() -> None:
    condition = Environment(TYPES).compile("args.body.size() > 60")
    new = Clause(source=condition.source, outcome="true", values=condition.live(VALUES))
    assert clause(new) == "args.body.size() > 60 holds; args.body.size() = 120"
    old = Clause.model_validate_json('{"source":"args.body.size() > 60","outcome":"true","values":{"args.body":"Hi"}}')
    assert clause(old) == 'args.body.size() > 60 holds; args.body = "Hi"'
