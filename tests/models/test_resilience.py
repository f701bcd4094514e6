"""Retries, fallbacks and what is never tried twice. The models are scripted, so each attempt is the real path."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from greenroom.core.errors import FileInvalid, ServiceUnavailable
from greenroom.core.messages import Message, ModelReply, ModelRequest
from greenroom.models.litellm_model import LitellmModel
from greenroom.models.port import AttemptProblem, Model, OnFailure, OnText
from greenroom.models.problems import problem
from greenroom.models.resilience import ResilientModel
from greenroom.models.script_file import read_script
from greenroom.models.scripted_model import ScriptedModel
from tests.models.loopback import failure, loopback, text

HELLO = ModelRequest(model="m", messages=(Message(role="user", text="hello"),))


def scripted(name: str, rules: str) -> ScriptedModel:
    return ScriptedModel(read_script(f'schema = "script/1"\nid = "t"\n{rules}', name), f"scripted/{name}", instant=True)


def breaking(name: str, kind: str, times: int = 99) -> ScriptedModel:
    bad = f"[[rule]]\nid = 'bad'\ntimes = {times}\nfail = '{kind}'\ntext = 'half of it'\n"
    return scripted(name, f"{bad}[[rule]]\nid = 'well'\ntext = 'Well, {name}.'")


class Outcome:
    """What one `generate` of a resilient model did."""

    def __init__(self, models: Sequence[Model], **settings: float) -> None:
        self.waits: list[float] = []
        self.failures: list[AttemptProblem] = []
        self.shown: list[str] = []
        self.reply: ModelReply | None = None
        self.error: ServiceUnavailable | None = None

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        model = ResilientModel(models, sleep=sleep, **settings)  # type: ignore[arg-type]  # settings are numbers here

        async def go() -> ModelReply:
            try:
                return await model.generate(HELLO, lambda piece, _: self.shown.append(piece), self.failures.append)
            finally:
                await model.aclose()

        try:
            self.reply = asyncio.run(go())
        except ServiceUnavailable as error:
            self.error = error


def test_a_passing_outage_is_retried_with_growing_waits() -> None:
    did = Outcome([breaking("a", "refused", times=2)])
    assert did.reply is not None
    assert did.reply.text == "Well, a."
    assert [(f.model, f.attempt, f.problem) for f in did.failures] == [
        ("scripted/a", 1, "model.refused"),
        ("scripted/a", 2, "model.refused"),
    ]
    assert [f.retry_in_seconds for f in did.failures] == did.waits
    assert 0.25 <= did.waits[0] <= 0.5
    assert 0.5 <= did.waits[1] <= 1.0
    assert Outcome([breaking("a", "refused", times=2)]).waits == did.waits


def test_retries_end_and_the_error_goes_up() -> None:
    did = Outcome([breaking("a", "rate_limit")], retries=1)
    assert did.error is not None
    assert did.error.code == "model.rate_limit"
    assert did.error.retryable
    assert [f.retry_in_seconds is None for f in did.failures] == [False, True]


def test_a_fallback_answers_under_its_own_name() -> None:
    did = Outcome(
        [breaking("a", "refused"), breaking("b", "rate_limit"), scripted("c", "[[rule]]\nid = 'x'\ntext = 'C.'")],
        retries=0,
    )
    assert did.reply is not None
    assert did.reply.model == "scripted/c"
    assert [f.model for f in did.failures] == ["scripted/a", "scripted/b"]
    assert did.waits == []


def test_when_all_fail_one_line_tells_of_all() -> None:
    did = Outcome([breaking("a", "refused"), breaking("b", "rate_limit")], retries=0)
    assert did.error is not None
    assert did.error.code == "model.refused"
    assert "scripted/a" in did.error.line()
    assert "scripted/b" in did.error.line()
    assert "\n" not in did.error.line()


def test_after_text_was_shown_nobody_is_asked_again() -> None:
    did = Outcome([breaking("a", "cut", times=1), scripted("b", "[[rule]]\nid = 'x'\ntext = 'B.'")])
    assert did.error is not None
    assert did.error.code == "model.cut"
    assert "".join(did.shown) == "half "
    assert [f.retry_in_seconds for f in did.failures] == [None]
    assert did.waits == []


def test_what_waiting_cannot_help_goes_to_the_fallback_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    did = Outcome([LitellmModel("openai/gpt-4o-mini"), scripted("b", "[[rule]]\nid = 'x'\ntext = 'B.'")])
    assert did.reply is not None
    assert did.reply.model == "scripted/b"
    assert [(f.problem, f.retry_in_seconds) for f in did.failures] == [("model.no_key", None)]
    assert "OPENAI_API_KEY" in did.failures[0].hint


def test_each_attempt_is_one_request_on_the_wire_and_retry_after_is_kept() -> None:
    with loopback([failure(429, retry_after="2"), failure(500), text("Well.")]) as base_url:
        did = Outcome([LitellmModel("openai/gpt-4o-mini", api_base=base_url)])
        assert len(base_url.requests) == 3
    assert did.reply is not None
    assert did.reply.text == "Well."
    assert [f.problem for f in did.failures] == ["model.rate_limit", "model.server"]
    assert did.waits[0] == 2.0


def test_a_retry_after_that_is_too_long_is_not_waited_for() -> None:
    with loopback([failure(429, retry_after="3600")]) as base_url:
        did = Outcome([LitellmModel("openai/gpt-4o-mini", api_base=base_url), breaking("b", "refused", times=1)])
        assert len(base_url.requests) == 1
    assert did.reply is not None
    assert did.reply.model == "scripted/b"


class _Slow:
    """A model that never answers."""

    name = "slow/model"
    closed = False

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        await asyncio.Event().wait()
        raise AssertionError

    async def aclose(self) -> None:
        self.closed = True


def test_a_whole_attempt_has_a_time_limit() -> None:
    did = Outcome([_Slow()], timeout_seconds=0.01, retries=1)
    assert did.error is not None
    assert did.error.code == "model.timeout"
    assert [f.attempt for f in did.failures] == [1, 2]


class _Strange(_Slow):
    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        raise FileInvalid("not a service problem")

    async def aclose(self) -> None:
        self.closed = True
        raise problem("model.server", "x")


def test_other_errors_pass_through_and_every_model_is_closed() -> None:
    first, second = _Slow(), _Strange()
    model = ResilientModel([second, first])
    with pytest.raises(FileInvalid):
        asyncio.run(model.generate(HELLO, lambda *_: None, lambda _: None))
    with pytest.raises(ServiceUnavailable):
        asyncio.run(model.aclose())
    assert first.closed
    assert second.closed


def test_cancelling_ends_the_waiting() -> None:
    async def go() -> None:
        async with asyncio.timeout(0.01):
            await ResilientModel([breaking("a", "refused")], first_wait_seconds=60).generate(
                HELLO, lambda *_: None, lambda _: None
            )

    with pytest.raises(TimeoutError):
        asyncio.run(go())
