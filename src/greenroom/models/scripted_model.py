"""A model that speaks from a script: the demo's voice, the tests' double and the last fallback of an outage.

Invariant: the same prompt gets the same reply; only the pace depends on the clock.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path

from greenroom.core.canonical import clean_json, clean_text
from greenroom.core.clock import Clock, FrozenClock, SystemClock
from greenroom.core.messages import ModelReply, ModelRequest, estimated_tokens
from greenroom.core.values import ToolCall, Usage
from greenroom.models.port import OnFailure, OnText
from greenroom.models.problems import Code, problem
from greenroom.models.script_file import CompiledRule, Rule, Script, load_script
from greenroom.models.script_scene import NoValue, Scene, fill, fill_text, match, scene_of

_CODES: dict[str, Code] = {"refused": "model.refused", "rate_limit": "model.rate_limit"}
_SIMULATED = " (simulated by the script)"
_PIECE = re.compile(r"\S+\s*|\s+")


class ScriptedModel:
    """A `Model` that answers by the first matching rule of a script. It costs nothing and needs no network."""

    def __init__(self, script: Script, name: str, *, clock: Clock | None = None, instant: bool = False) -> None:
        self._script = script
        self._name = name
        self._clock = clock or SystemClock()
        # Under a frozen clock no time would ever have passed, so nobody waits.
        self._instant = instant or isinstance(self._clock, FrozenClock)
        self._used: Counter[str] = Counter()

    @classmethod
    def from_file(cls, path: Path, clock: Clock | None = None, instant: bool = False) -> ScriptedModel:
        """The model of a `script/1` file, named `scripted/<file stem>`.

        Raises:
            FileInvalid: the file cannot be used; with file, line and key path.
        """
        return cls(load_script(path), f"scripted/{path.stem}", clock=clock, instant=instant)

    @property
    def name(self) -> str:
        return self._name

    async def generate(self, request: ModelRequest, on_text: OnText, on_failure: OnFailure) -> ModelReply:
        """The scripted reply, streamed at the script's pace.

        Raises:
            ServiceUnavailable: no rule matches, a placeholder has no value, or the rule simulates an outage.
        """
        scene = scene_of(request)
        compiled, groups = self._choose(scene)
        failure = compiled.rule.failure
        if failure in ("refused", "rate_limit"):
            raise problem(_CODES[failure], self._name, _SIMULATED)
        reply = self._compose(compiled.rule, groups, scene, request)
        if failure == "cut":
            await self._stream([(reply.text[: max(1, len(reply.text) // 2)], False)], on_text)
            raise problem("model.cut", self._name, _SIMULATED)
        await self._stream([(reply.reasoning, True), (reply.text, False)], on_text)
        return reply

    async def aclose(self) -> None:
        """Nothing is held."""

    def _choose(self, scene: Scene) -> tuple[CompiledRule, dict[str, str]]:
        for compiled in self._script.rules:
            rule = compiled.rule
            if rule.times is not None and self._used[rule.id] >= rule.times:
                continue
            groups = match(compiled, scene)
            if groups is not None:
                self._used[rule.id] += 1
                return compiled, groups
        raise problem(
            "model.script", self._name, "no rule of the script fits, and it has no last rule without conditions"
        )

    def _compose(self, rule: Rule, groups: dict[str, str], scene: Scene, request: ModelRequest) -> ModelReply:
        found = scene.result_of(rule.when.tool)
        result = found[1] if found else ""
        try:
            text = fill_text(rule.texts[(scene.count - 1) % len(rule.texts)], groups, scene, result)
            reasoning = fill_text(rule.reasoning, groups, scene, result)
            calls = tuple(
                ToolCall(id="", tool=call.tool, arguments=clean_json(fill(call.args, groups, scene, result)))
                for call in rule.calls
            )
        except (NoValue, ValueError) as error:
            raise problem("model.script", self._name, f"rule '{rule.id}': {error}") from None
        written = len(text) + len(reasoning) + sum(len(str(call.arguments)) for call in calls)
        return ModelReply(
            model=self._name,
            text=clean_text(text),
            reasoning=clean_text(reasoning),
            calls=calls,
            finish="calls" if calls else "stop",
            usage=Usage(
                input_tokens=estimated_tokens(sum(len(m.text) for m in request.messages)),
                output_tokens=estimated_tokens(written),
            ),
        )

    async def _stream(self, parts: list[tuple[str, bool]], on_text: OnText) -> None:
        """Speak piece by piece; each piece has a due time, so that slow receivers do not slow the whole reply."""
        pace = self._script.file.pace
        due = self._clock.monotonic() + pace.first_ms / 1000
        for text, reasoning in parts:
            for piece in _pieces(text, pace.chunk_words):
                if not self._instant:
                    await asyncio.sleep(max(0.0, due - self._clock.monotonic()))
                    due += pace.per_chunk_ms / 1000
                on_text(piece, reasoning)


def _pieces(text: str, words: int) -> list[str]:
    found = _PIECE.findall(text)
    return ["".join(found[start : start + words]) for start in range(0, len(found), words)]
