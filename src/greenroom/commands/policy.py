"""Policies checked, tested and asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from greenroom.commands.answer import Answer, answer
from greenroom.commands.given import arguments_of
from greenroom.commands.invocation import Invocation
from greenroom.commands.personas import chosen, split
from greenroom.commands.toolbox import tools_of
from greenroom.core.errors import UsageError
from greenroom.core.toml_text import suggest
from greenroom.core.values import Hook, Origin, ToolSpec, Verdict
from greenroom.persona.contract import Persona
from greenroom.persona.load import load_persona
from greenroom.policy.port import Question, SessionFacts

if TYPE_CHECKING:
    from greenroom.policy.check import PolicyProblem
    from greenroom.policy.decide import RulePolicy
    from greenroom.policy.trial import TrialResult
    from greenroom.workspace.layout import Workspace

_ORIGINS: dict[str, Origin] = {"input": "user", "memory.read": "memory", "retrieval": "passage", "tool.result": "tool"}


def check(asked: Invocation) -> Answer[list[PolicyProblem]]:
    """Everything wrong with the policy files of a persona; exit 3 for a problem, 0 with warnings only.

    Raises:
        UsageError: no such persona, or the workspace is not trusted, so its tools are not known.
    """
    from greenroom.policy.bounds import Role
    from greenroom.policy.check import check_policies
    from greenroom.policy.load import policy_paths, read_source

    workspace, persona = _persona(asked)
    paths = policy_paths(workspace.policies, persona.policy.files)
    sources = [read_source(path, workspace.root) for path in paths]
    found = check_policies(sources, tools_of(workspace).specs(), Role.of(persona))
    problems = [one for one in found if one.level == "problem"]
    lines = [f"{one.level}: {one.line()}" for one in found]
    if not problems:
        lines.append(f"{', '.join(persona.policy.files) or 'the built-in rules'}: sound for {persona.label}")
    data = [{"level": one.level, "where": one.where, "message": one.message, "hint": one.hint} for one in found]
    return answer(found, lines, data, exit_code=3 if problems else 0)


def test(asked: Invocation) -> Answer[tuple[TrialResult, ...]]:
    """Run the tests inside the rules; exit 1 when one fails.

    Raises:
        FileInvalid: a policy file is broken.
        UsageError: `--rule` names no rule that has a test.
    """
    from greenroom.policy.trial import run_trials

    workspace, persona = _persona(asked)
    specs = tools_of(workspace).specs()
    results = run_trials(_policy(workspace, persona, specs), specs)
    if rule := asked.text("rule"):
        known = sorted({one.rule for one in results})
        results = tuple(one for one in results if one.rule == rule)
        if not results:
            raise UsageError(f"no tests in a rule '{rule}'", hint=suggest(rule, known))
    failed = sum(not one.passed for one in results)
    lines = [*(one.line() for one in results), f"{len(results) - failed} passed, {failed} failed"]
    data = [
        {
            "policy": one.policy,
            "rule": one.rule,
            "test": one.name,
            "expected": one.expected,
            "got": one.got,
            "where": one.where,
        }
        for one in results
    ]
    return answer(results, lines, data, exit_code=1 if failed else 0)


def explain(asked: Invocation) -> Answer[Verdict]:
    """The verdict on a tool call or a text, clause by clause, as a fresh session would get it.

    Raises:
        UsageError: neither a tool nor a hook.
    """
    from greenroom.policy.explain import explain as lines_of

    workspace, persona = _persona(asked)
    specs = tools_of(workspace).specs()
    question = _question(asked.text("about"), asked.words("given"), specs, persona)
    verdict = _policy(workspace, persona, specs).decide(question)
    return answer(verdict, lines_of(verdict), verdict.model_dump(mode="json"))


def _question(about: str, given: list[str], specs: tuple[ToolSpec, ...], persona: Persona) -> Question:
    facts = SessionFacts(turn=1, autonomy=persona.policy.autonomy)
    spec = next((one for one in specs if one.name == about), None)
    if spec is not None:
        payload = {"args": arguments_of(given, spec)}
        return Question(hook="tool.call", subject=about, payload=payload, origin="model", tool=spec, session=facts)
    hook = next((one for one in get_args(Hook) if one == about and not one.startswith("tool.")), None)
    if hook is None:
        known = [*(one.name for one in specs), *(one for one in get_args(Hook) if not one.startswith("tool."))]
        raise UsageError(f"'{about}' is neither a tool nor a hook", hint=suggest(about, known))
    text = {"text": " ".join(given)}
    segment = next(iter(persona.memory.write), "") if hook.startswith("memory.") else ""
    return Question(hook=hook, payload=text, origin=_ORIGINS.get(hook, "model"), segment=segment, session=facts)


def _persona(asked: Invocation) -> tuple[Workspace, Persona]:
    workspace = asked.workspace()
    return workspace, load_persona(workspace, *split(chosen(workspace, asked.text("persona")))).persona


def _policy(workspace: Workspace, persona: Persona, specs: tuple[ToolSpec, ...]) -> RulePolicy:
    from greenroom.policy.load import load_policies, policy_paths

    return load_policies(policy_paths(workspace.policies, persona.policy.files), specs, persona, root=workspace.root)
