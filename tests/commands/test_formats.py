"""`help formats` is made from the code: every event and every file is in it, and every sample is one its reader takes."""

import json
from typing import get_args

import orjson
import pytest

from greenroom.commands.formats import FORMATS, Format, as_data, as_lines, event_rows
from greenroom.commands.invocation import Invocation
from greenroom.commands.topics import TOPICS, topic
from greenroom.core.errors import UsageError
from greenroom.core.events import AnyEvent
from greenroom.core.inert import hidden_count


def test_every_event_is_in_the_table_once_with_its_meaning() -> None:
    kinds = {kind.model_fields["kind"].default for kind in get_args(get_args(AnyEvent)[0])}
    rows = event_rows()
    assert [row[0] for row in rows] == list(dict.fromkeys(row[0] for row in rows))
    assert {row[0] for row in rows} == kinds
    assert all(about for _, _, about in rows)


def test_detachable_content_is_marked() -> None:
    fields = {kind: fields for kind, fields, _ in event_rows()}
    assert "[words]" in fields["turn_started"]
    assert "[card]" in fields["approval_requested"]
    assert "call," in fields["tool_started"]


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_every_format_has_a_sample_its_own_reader_takes_and_a_schema(one: Format) -> None:
    assert one.sample().strip()
    if one.schema is not None:
        assert one.schema()["type"] == "object"
    assert one.sample() == one.sample()


def test_log_and_ledger_samples_have_what_their_schemas_require() -> None:
    for one in FORMATS:
        if one.name in ("log 1", "ledger 1"):
            assert one.schema is not None
            required = set(one.schema()["required"])
            assert all(required <= orjson.loads(line).keys() for line in one.sample().splitlines())


def test_all_of_it_is_printable_and_json() -> None:
    assert all(hidden_count(line) == 0 for line in as_lines())
    json.dumps(as_data())


@pytest.mark.parametrize("name", TOPICS)
def test_topics(name: str) -> None:
    done = topic(Invocation({"topic": [name]}))
    assert len(done.lines) > 10
    assert done.data


def test_a_wrong_topic_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        topic(Invocation({"topic": ["formts"]}))
    assert "formats" in caught.value.hint
