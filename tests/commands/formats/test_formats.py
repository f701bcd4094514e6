"""`help formats` is made from the code: every event and every file is in it, and every sample is one its reader takes."""

import json
import tomllib
from typing import get_args

import orjson
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from pydantic import ValidationError

from greenroom.commands.formats.formats import FORMATS, Format, as_data, as_lines, event_rows
from greenroom.commands.invocation import Invocation
from greenroom.commands.table import TOPICS
from greenroom.commands.topics import topic
from greenroom.core.errors import UsageError
from greenroom.core.events import AnyEvent
from greenroom.core.inert import hidden_count
from greenroom.core.values import Json
from greenroom.regression.case import Assertion, Case


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


def test_the_schema_of_a_case_says_what_its_reader_does() -> None:
    """Of the sample, of each way to spoil it, and of the case an export proposes."""
    one = next(one for one in FORMATS if one.name == "case/1")
    assert one.schema is not None
    validator = Draft202012Validator(one.schema())
    validator.check_schema(one.schema())
    written = tomllib.loads(one.sample())
    used = {key for assertion in written["assert"] for key in assertion}
    assert used == {field.alias or name for name, field in Assertion.model_fields.items()} - {"custom"}
    assert validator.is_valid(written)
    spoilt: list[tuple[str, Json]] = [
        ("expect", "goood"),
        ("assert", [{"turn": 0, "finish": "answered"}]),
        ("assert", [{"turn": "4-", "finish": "answered"}]),
        ("assert", [{"call": {"tol": "x"}}]),
        ("assert", [{"not": {"text": {"similar": 2}}}]),
        ("assert", [{"any_of": []}]),
        ("assert", [{"tools": {"order": "loosely"}}]),
        ("match", {"args": {"x": "exat"}}),
    ]
    for key, value in spoilt:
        assert not validator.is_valid({**written, key: value}), key
        with pytest.raises(ValidationError):
            Case.model_validate({**written, key: value})
