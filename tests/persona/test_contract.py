from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.core.errors import FileInvalid
from greenroom.core.toml_text import parse
from greenroom.persona.contract import Persona, satisfies, seconds, semantic_version
from greenroom.persona.schema import json_schema

SMALLEST = """\
schema = "persona/1"
id = "aria"
version = "1.3.0"
name = "Aria"
model.use = "scripted/helpdesk"
[story]
as_a = "helper"
i_want = "to help"
so_that = "people are helped"
"""


def read(text: str) -> Persona:
    return parse(text, Persona, "persona.toml")


def test_identity_story_and_model_are_enough_and_the_rest_is_cautious() -> None:
    persona = read(SMALLEST)
    assert persona.label == "aria@1.3.0"
    assert persona.tools.allow == ()
    assert persona.memory.write == ()
    assert persona.policy.autonomy == 2
    assert (persona.limits.tool_calls, persona.limits.replies, persona.limits.seconds) == (6, 8, 60)


@pytest.mark.parametrize("gone", ["id", "version", "name", "as_a", "so_that"])
def test_what_must_be_said_is_missed(gone: str) -> None:
    text = "\n".join(line for line in SMALLEST.splitlines() if not line.startswith(f"{gone} "))
    with pytest.raises(FileInvalid, match=f"'{gone}' is missing"):
        read(text)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("[voice]\ntones = []", "persona.toml:11 voice.tones: unknown key 'tones' (did you mean 'tone'?)"),
        ("[policy]\nautonomy = 5", "persona.toml:11 policy.autonomy: must be less than or equal to 4"),
        ("[limits]\nseconds = 'soon'", "persona.toml:11 limits.seconds: 'soon' is not a duration such as"),
        ("[limits]\nseconds = 0", "persona.toml:11 limits.seconds: must be greater than 0"),
        (
            "[prompt]\nfile = '../../etc/passwd'",
            "persona.toml:11 prompt.file: '../../etc/passwd' must be a path inside",
        ),
        (
            "[orchestration]\nmode = 'chaos'",
            "persona.toml:11 orchestration.mode: must be 'direct', 'plan' or 'reactive'",
        ),
        (
            "[dependencies]\npolicies = ['support@>=2']",
            "persona.toml:11 dependencies.policies[0]: 'support@>=2' is not",
        ),
        ("[objectives]\nerror_rate = 1.5", "persona.toml:11 objectives.error_rate: must be less than or equal to 1"),
    ],
)
def test_a_wrong_value_names_line_and_key(added: str, said: str) -> None:
    with pytest.raises(FileInvalid) as found:
        read(f"{SMALLEST}{added}\n")
    assert found.value.line().startswith(said)


@pytest.mark.parametrize("good", ["0.0.0", "1.4.0-rc1", "1.0.0-alpha.1+build.5", "10.20.30"])
def test_versions_are_semantic(good: str) -> None:
    assert semantic_version(good) == good


@pytest.mark.parametrize("bad", ["1", "1.2", "01.2.3", "v1.2.3", "1.2.3-", "1.2.3-01", "1.2.3\n", "../1.2.3"])
def test_other_versions_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a semantic version"):
        semantic_version(bad)


@pytest.mark.parametrize(
    ("version", "requirement", "met"),
    [
        ("2.3.0", "^2.3", True),
        ("2.9.9", "^2.3", True),
        ("2.2.9", "^2.3", False),
        ("3.0.0", "^2.3", False),
        ("3.0.0", "^2", False),
        ("2.0.0", "^2", True),
        ("0.4.0", "^0.3.1", False),
        ("0.3.2", "^0.3.1", True),
        ("0.9.0", "^0", True),
        ("2.3.9", "~2.3", True),
        ("2.4.0", "~2.3", False),
        ("2.9.0", "~2", True),
        ("3.0.0", "~2", False),
        ("2.3.7", "2.3", True),
        ("2.30.0", "2.3", False),
        ("2.3.0-rc1", "2.3.0", True),
        ("9.9.9", "", True),
    ],
)
def test_requirements(version: str, requirement: str, met: bool) -> None:
    assert satisfies(version, requirement) is met


@given(st.integers(1, 10_000), st.sampled_from("smhd"))
def test_durations_count_seconds(count: int, unit: str) -> None:
    assert seconds(f"{count}{unit}") == count * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]


def test_the_schema_knows_every_key_and_allows_no_other() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["properties"]) == {info.alias or name for name, info in Persona.model_fields.items()}
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) == {"schema", "id", "version", "name", "story", "model"}
    assert set(schema["properties"]) >= set(_tables(SMALLEST))


def _tables(text: str) -> dict[str, Any]:
    return tomllib.loads(text)
