"""Policies checked, tested and asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args

from greenroom.commands.answer import Answer, answer, counted
from greenroom.commands.invocation import Invocation
from greenroom.commands.persona.chosen import chosen, split
from greenroom.commands.tool.arguments import arguments_of
from greenroom.commands.tool.toolbox import specs_if_trusted, tools_of
from greenroom.core.errors import GreenroomError, UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import Hook, Origin, ToolSpec
from greenroom.persona.contract import Persona
from greenroom.persona.load import list_personas, load_persona
from greenroom.policy.port import Question, SessionFacts

if TYPE_CHECKING:
    from greenroom.policy.check import PolicyProblem
    from greenroom.policy.decide import RulePolicy
    from greenroom.workspace.layout import Workspace

_ORIGINS: dict[str, Origin] = {"input": "user", "memory.read": "memory", "retrieval": "passage", "tool.result": "tool"}


def check(asked: Invocation) -> Answer[list[PolicyProblem]]:
    """Everything wrong with the policy files of a persona; exit 3 for a problem, 0 with warnings only.

    Raises:
        UsageError: no such persona, or the workspace is not trusted, so its tools are not known.
    """
    from greenroom.policy.check import check_policies
    from greenroom.policy.load import policy_paths, read_source
    from greenroom.policy.verdict.bounds import Role

    workspace, persona = who(asked)
    paths = policy_paths(workspace.policies, persona.policy.files)
    sources = [read_source(path, workspace.root) for path in paths]
    found = [*check_policies(sources, tools_of(workspace).specs(), Role.of(persona)), *_unnamed(workspace, persona)]
    problems = [one for one in found if one.level == "problem"]
    lines = [f"{one.level}: {one.line()}" for one in found]
    if not problems:
        warned = f", {counted(len(found), 'warning')}" if found else ""
        lines.append(f"{', '.join(persona.policy.files) or 'the built-in rules'}: sound for {persona.label}{warned}")
    data = [{"level": one.level, "where": one.where, "message": one.message, "hint": one.hint} for one in found]
    return answer(found, lines, data, exit_code=3 if problems else 0)


def _unnamed(workspace: Workspace, persona: Persona) -> Iterator[PolicyProblem]:
    """Policy files that no persona names: their rules silently do nothing."""
    from greenroom.policy.checking.problem import PolicyProblem

    named = set(persona.policy.files)
    for id in list_personas(workspace):
        with suppress(GreenroomError):  # what is wrong with another persona is not this one's affair
            named |= set(load_persona(workspace, id).persona.policy.files)
    for path in sorted(workspace.policies.glob("*.toml")):
        if not {path.stem, path.name} & named:
            hint = f'add "{path.stem}" to files under [policy] in personas/{persona.id}/persona.toml'
            text = "no persona names this file, so none of its rules count"
            yield PolicyProblem("warning", text, workspace.shown(path), hint)


async def explain(asked: Invocation) -> Answer[Any]:
    """The verdict on a tool call or a text, clause by clause, as a fresh session would get it; or what a recorded
    session decided, and on what.

    Raises:
        UsageError: neither a tool, a hook nor a session.
    """
    from greenroom.commands.policy.recorded import explain_session
    from greenroom.policy.explain import explain as lines_of

    about = asked.text("about")
    if _is_session(asked, about):
        return await explain_session(asked.workspace(), about)
    workspace, persona = who(asked)
    specs = tools_of(workspace).specs()
    question = _question(about, asked.words("given"), specs, persona)
    verdict = policy_of(workspace, persona, specs).decide(question)
    return answer(verdict, lines_of(verdict, question.payload), verdict.model_dump(mode="json"))


def _is_session(asked: Invocation, about: str) -> bool:
    """Whether a word means a session. Hooks and, in a trusted workspace, tools come first."""
    from greenroom.log.catalog import session_id

    if about in get_args(Hook):
        return False
    workspace = asked.workspace()
    specs, _ = specs_if_trusted(workspace)
    if any(one.name == about for one in specs or ()):
        return False
    try:
        session_id(workspace, about.partition(":")[0])
    except UsageError as error:
        if ":" in about or "several" in error.message:
            raise
        return False
    return True


def _question(about: str, given: list[str], specs: tuple[ToolSpec, ...], persona: Persona) -> Question:
    facts = SessionFacts(turn=1, autonomy=persona.policy.autonomy)
    spec = next((one for one in specs if one.name == about), None)
    if spec is not None:
        payload = {"args": arguments_of(given, spec)}
        return Question(hook="tool.call", subject=about, payload=payload, origin="model", tool=spec, session=facts)
    hook = next((one for one in get_args(Hook) if one == about and not one.startswith("tool.")), None)
    if hook is None:
        known = [*(one.name for one in specs), *(one for one in get_args(Hook) if not one.startswith("tool."))]
        raise UsageError(f"'{about}' is neither a tool, a hook nor a session", hint=suggest(about, known))
    text = {"text": " ".join(given)}
    segment = next(iter(persona.memory.write), "") if hook.startswith("memory.") else ""
    return Question(hook=hook, payload=text, origin=_ORIGINS.get(hook, "model"), segment=segment, session=facts)


def who(asked: Invocation) -> tuple[Workspace, Persona]:
    """The workspace, and the persona a command is about."""
    workspace = asked.workspace()
    return workspace, load_persona(workspace, *split(chosen(workspace, asked.text("persona")))).persona


def policy_of(workspace: Workspace, persona: Persona, specs: tuple[ToolSpec, ...]) -> RulePolicy:
    """The policies of a persona as they are on disk.

    Raises:
        FileInvalid: one is broken.
    """
    from greenroom.policy.load import load_policies, policy_paths

    return load_policies(policy_paths(workspace.policies, persona.policy.files), specs, persona, root=workspace.root)
