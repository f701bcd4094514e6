"""promptfoo configurations: prompts and tests in YAML or JSON, with a recorded output where a test has one.

Looked at: promptfoo 0.121.20 (`prompts`, `tests` with `vars`, `assert`, `providerOutput`, `metadata`; `defaultTest`).
Invariant: every prompt with every test is one conversation or a loss; nothing is fetched, and no code is run.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from greenroom.core.values import Json
from greenroom.regression.interop.conversation import Conversation, Loss, Losses, Reply, Turn
from greenroom.regression.interop.expected import keep
from greenroom.regression.interop.messages import messages_of, turns_of
from greenroom.regression.interop.promptfoo_asserts import of_tools, read_assert, write_asserts
from greenroom.regression.interop.source import fit, text_in
from greenroom.regression.interop.taped import Taped, by_turn
from greenroom.regression.interop.template import is_template, render
from greenroom.regression.interop.yaml_text import dump_yaml

_MOST = 2_000
"""Conversations that lists of values in one file may multiply to."""
_CONFIG = {"prompts", "tests", "defaultTest", "description", "providers", "targets", "tags"}
_TEST = {"description", "vars", "assert", "providerOutput", "metadata", "options", "weight"}
_WORDS = ("question", "input", "prompt", "message", "query", "text", "user")


@dataclass(frozen=True, slots=True)
class _Prompt:
    """One prompt; `raw` is '' in a file of tests alone, whose one variable is the person's words."""

    raw: str
    where: str


def read(entries: Iterable[tuple[str, Json]], losses: Losses) -> list[Conversation]:
    """The conversations of a configuration, or of a list of tests."""
    found = list(entries)
    where, first = found[0]
    config = first if isinstance(first, dict) and first.keys() & {"tests", "prompts", "providers"} else {}
    tests = config.get("tests") if config else [value for _, value in found]
    for key in config.keys() - _CONFIG:
        losses.note(where, f"'{str(key)[:40]}'", "a draft has no place for it")
    if config.get("providers") or config.get("targets"):
        losses.note(where, "the providers", "the persona's own model is the one that runs")
    default = config.get("defaultTest")
    if isinstance(default, str):
        losses.note(where, "defaultTest", "it lies in another file")
    base = default if isinstance(default, dict) else {}
    prompts = list(_prompts(config.get("prompts"), where, losses))
    out: list[Conversation] = []
    for place, test in _tests(tests, where, losses):
        for prompt in prompts:
            out += itertools.islice(_conversations(prompt, test, base, place, losses), max(0, _MOST - len(out)))
    if len(out) >= _MOST:
        losses.note(where, f"whatever is beyond {_MOST} conversations", "that is the most one file may come to")
    return _joined(out)


def write(tapes: Iterable[Taped]) -> tuple[str, list[Loss]]:
    """A configuration whose tests hold the history as `messages`, the recorded reply and what is expected of it."""
    losses = Losses()
    tests: list[Json] = []
    for taped in tapes:
        taped.note_losses(losses, "promptfoo's tests hold no")
        tests += _written(taped, losses)
    config = {
        "description": "Fixtures exported from Greenroom: recorded replies, judged without a model. Put your model in the place of echo and delete providerOutput to ask it anew.",
        "prompts": ["{{ messages | dump }}"],
        "providers": ["echo"],
        "tests": tests,
    }
    return dump_yaml(config), losses


def _prompts(prompts: Any, where: str, losses: Losses) -> Iterator[_Prompt]:
    if prompts is None:
        yield _Prompt("", where)
        return
    entries = list(prompts) if isinstance(prompts, list | dict) else [prompts]
    for number, entry in enumerate(entries):
        place = f"{where} prompts[{number}]"
        raw = entry if isinstance(entry, str) else text_in(entry, "raw") or text_in(entry, "id")
        if (
            not raw
            or raw.startswith(("file://", "exec:", "langfuse://", "portkey://", "helicone://"))
            or isinstance(prompts, dict)
        ):
            losses.note(place, "a prompt", "it lies outside the configuration's folder, or is made by code")
        else:
            yield _Prompt(raw, place)


def _tests(tests: Any, where: str, losses: Losses) -> Iterator[tuple[str, dict[str, Json]]]:
    if not isinstance(tests, list):
        losses.note(
            where, "the tests", "there are none" if tests is None else "they lie outside the configuration's folder"
        )
        return
    for number, test in enumerate(tests):
        place = f"{where} tests[{number}]"
        if not isinstance(test, dict) or "path" in test:
            losses.note(place, "a test", "it lies outside the configuration's folder, or is made by code")
            continue
        for key in test.keys() - _TEST:
            losses.note(place, f"'{str(key)[:40]}' of a test", "a draft has no place for it")
        yield place, test


def _conversations(
    prompt: _Prompt, test: dict[str, Json], base: dict[str, Json], where: str, losses: Losses
) -> Iterator[Conversation]:
    variables = {**_table(base, "vars"), **_table(test, "vars")}
    for values in itertools.islice(_combinations(variables), _MOST):
        turns = _turns(prompt, values, where, losses)
        if not turns:
            continue
        output = test.get("providerOutput")
        text = output if isinstance(output, str) else text_in(output, "output") or None
        if text is not None:
            last = turns[-1]
            turns = (*turns[:-1], Turn(last.user, (*last.replies, Reply(str(fit(text, where, losses))))))
        elif output is not None:
            losses.note(where, "providerOutput", "it is not a text")
        yield Conversation(
            turns,
            name=text_in(_table(test, "metadata"), "fixture") or text_in(test, "description"),
            where=where,
            why=text_in(test, "description"),
            expectations=tuple(_expectations(test, base, values, len(turns), where, losses)),
        )


def _expectations(
    test: dict[str, Json], base: dict[str, Json], values: dict[str, Json], turn: int, where: str, losses: Losses
) -> Iterator[dict[str, Json]]:
    options = {**_table(base, "options"), **_table(test, "options")}
    entries = [*_list(base, "assert"), *_list(test, "assert")]
    if options.get("transform") and entries:
        losses.note(where, "the assertions", "they look at the output after a transform")
        return
    for number, entry in enumerate(entries):
        place = f"{where} assert[{number}]"
        found = read_assert(entry, place, losses, lambda value: _rendered(value, values))
        yield from keep(found, turn, place, f"the assertion {text_in(entry, 'type')}", losses)


def _turns(prompt: _Prompt, values: dict[str, Json], where: str, losses: Losses) -> tuple[Turn, ...]:
    if not prompt.raw:
        named = [key for key in _WORDS if isinstance(values.get(key), str)] or list(values)
        text = values.get(named[0]) if len(values) == 1 or (named and named[0] in _WORDS) else None
        text = text if isinstance(text, str) else None
    else:
        filled = {key: _rendered(item, values) for key, item in values.items()}
        open_ended = any(isinstance(item, str) and is_template(item) for item in filled.values())
        text = None if open_ended else render(prompt.raw, filled)
    if text is None or not text.strip():
        losses.note(where, "a prompt", "what it comes to cannot be told without promptfoo's templates")
        return ()
    if not text.lstrip().startswith("["):
        return (Turn(str(fit(text, where, losses))),)
    try:
        messages = json.loads(text)
    except (ValueError, RecursionError):
        return (Turn(str(fit(text, where, losses))),)
    return turns_of(messages, where, losses) if isinstance(messages, list) else ()


def _rendered(value: Json, values: dict[str, Json]) -> Json:
    if isinstance(value, list):
        return [_rendered(item, values) if isinstance(item, str) else item for item in value]
    rendered = render(value, values) if isinstance(value, str) and is_template(value) else None
    return value if rendered is None else rendered


def _combinations(variables: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Every combination of the variables that are lists of texts, as promptfoo has them."""
    choices = [
        item if isinstance(item, list) and item and isinstance(item[0], str) else [item] for item in variables.values()
    ]
    for chosen in itertools.product(*choices):
        yield dict(zip(variables, chosen, strict=True))


def _joined(found: list[Conversation]) -> list[Conversation]:
    """Tests of one fixture that were written turn by turn, as the one conversation they came from."""
    out: list[Conversation] = []
    for one in found:
        before = out[-1] if out else None
        if before is not None and one.name and before.name == one.name and _goes_on(before, one):
            out[-1] = replace(one, expectations=(*before.expectations, *one.expectations))
        else:
            out.append(one)
    return out


def _goes_on(before: Conversation, after: Conversation) -> bool:
    length = len(before.turns)
    return length < len(after.turns) and before.turns == after.turns[:length]


def _written(taped: Taped, losses: Losses) -> Iterator[Json]:
    turns = taped.conversation.turns
    asserts: dict[int, list[Json]] = {}
    for about, item in by_turn(taped.conversation.expectations, len(turns)):
        if not about:
            losses.note(
                taped.name,
                f"the expectation on {', '.join(f'{key}{of_tools(value)}' for key, value in item.items())}",
                "it is about any of several turns, a test about one",
            )
            continue
        asserts.setdefault(about, []).extend(write_asserts(item, taped.name, losses))
    for number, turn in enumerate(turns, 1):
        if number < len(turns) and not asserts.get(number):
            continue
        history = messages_of(turns[:number])
        if turn.answered:
            history.pop()
        if any(is_template(str(message.get("content"))) for message in history):
            losses.note(taped.name, "braces in what was said", "promptfoo reads {{ }} as a template")
        why = {"description": taped.conversation.why} if taped.conversation.why else {}
        test: dict[str, Json] = {**why, "vars": {"messages": history}, "providerOutput": turn.text}
        test["metadata"] = {"fixture": taped.name, "persona": taped.persona, "turn": number}
        yield test | ({"assert": asserts[number]} if asserts.get(number) else {})


def _table(entry: dict[str, Json], key: str) -> dict[str, Json]:
    found = entry.get(key)
    return found if isinstance(found, dict) else {}


def _list(entry: dict[str, Json], key: str) -> list[Json]:
    found = entry.get(key)
    return found if isinstance(found, list) else []
