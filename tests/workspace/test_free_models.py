"""Which models may run where nothing may be spent: those of which the workspace itself tells that they cost nothing."""

from __future__ import annotations

import pytest

from greenroom.workspace.free_models import free_by_name
from greenroom.workspace.settings import Settings

LOOPBACK = "http://127.0.0.1:8000/v1"


def settings(**models: dict[str, object]) -> Settings:
    return Settings.model_validate({"schema": "workspace/1", "id": "w", "models": models})


@pytest.mark.parametrize("name", ["scripted/helpdesk", "ollama_chat/llama3.2", "ollama/llama3.2"])
def test_scripts_and_what_runs_here_by_itself_are_free(name: str) -> None:
    assert free_by_name(settings(), name)


@pytest.mark.parametrize("name", ["openai/gpt-5-mini", "gpt-5", "hosted_vllm/llama", "nobody/knows", ""])
def test_a_model_that_nobody_can_tell_of_is_not(name: str) -> None:
    assert not free_by_name(settings(), name)


@pytest.mark.parametrize(
    ("table", "free"),
    [
        ({"use": "hosted_vllm/llama", "api_base": LOOPBACK}, True),
        ({"use": "hosted_vllm/llama", "api_base": "http://[::1]:8000"}, True),
        ({"use": "lm_studio/llama", "api_base": "http://localhost:1234/v1"}, True),
        ({"use": "hosted_vllm/llama", "api_base": LOOPBACK, "key": "SOME_KEY"}, False),
        ({"use": "hosted_vllm/llama", "api_base": "https://models.example/v1"}, False),
        ({"use": "hosted_vllm/llama", "api_base": "http://127.0.0.1.example/v1"}, False),
        ({"use": "hosted_vllm/llama", "api_base": "http://[::1"}, False),
        ({"use": "ollama_chat/llama3.2", "api_base": "https://models.example"}, False),
        ({"use": "openai/gpt-5", "api_base": LOOPBACK}, False),
        ({"use": "hosted_vllm/llama", "api_base": LOOPBACK, "output_usd": 2.0}, False),
        ({"use": "hosted_vllm/llama", "api_base": "https://models.example/v1", "input_usd": 0, "output_usd": 0}, True),
        ({"use": "hosted_vllm/llama", "api_base": LOOPBACK, "input_usd": 0}, False),
    ],
)
def test_a_table_tells_where_a_model_runs_and_what_it_costs(table: dict[str, object], free: bool) -> None:
    assert free_by_name(settings(own=table), "own") is free


def test_a_name_that_stands_for_several_servers_is_not_free() -> None:
    tables = settings(
        here={"use": "hosted_vllm/llama", "api_base": LOOPBACK},
        there={"use": "hosted_vllm/llama", "api_base": "https://models.example/v1"},
    )
    assert not free_by_name(tables, "hosted_vllm/llama") and free_by_name(tables, "here")
