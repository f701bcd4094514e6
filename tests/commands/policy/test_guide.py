"""What newcomers are told about policies works as it stands."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from greenroom.assembly import find_workspace, workspace_tools
from greenroom.cli.usage import help_of
from greenroom.commands.invocation import Invocation
from greenroom.commands.policy.guide import STEPS, example, guide
from greenroom.commands.policy.table import POLICY
from greenroom.commands.topics import topic
from greenroom.core.clock import FrozenClock
from greenroom.persona.load import load_persona
from greenroom.policy.check import check_policies
from greenroom.policy.language.gate_words import types
from greenroom.policy.load import PolicySource, read_source
from greenroom.policy.verdict.bounds import Role

HELPDESK = Path(__file__).parents[3] / "workspaces" / "helpdesk"


def test_the_example_passes_check_and_tests_beside_the_helpdesks_policy(tmp_path: Path) -> None:
    shutil.copytree(HELPDESK, tmp_path / "w", ignore=shutil.ignore_patterns(".greenroom", "__pycache__"))
    workspace = find_workspace(tmp_path / "w")
    persona = load_persona(workspace, "aria").persona
    clock = FrozenClock()
    source = PolicySource("returns.toml", example(clock.now().date()))
    sources = [read_source(workspace.policies / "support.toml", workspace.root), source]
    assert check_policies(sources, workspace_tools(workspace).specs(), Role.of(persona), clock=clock) == []


def test_every_command_that_helps_to_write_a_rule_is_among_the_steps() -> None:
    for command in POLICY:
        assert f"greenroom {command.name}" in "\n".join(guide(date(2026, 11, 20))), command.name
    assert help_of("policy")[-1] == "more: greenroom help policy (a whole file, every name a clause may use)"
    assert set(STEPS.splitlines()) <= set(help_of("policy"))
    assert all(len(line) <= 120 for line in (*STEPS.splitlines(), *guide(date(2026, 11, 20))))


def test_the_topic_ends_with_the_vocabulary_and_what_a_breakpoint_may_say() -> None:
    lines = topic(Invocation({"topic": ["policy"]})).lines
    assert any(line.startswith("args.*") for line in lines)
    at = next(place for place, line in enumerate(lines) if line.startswith("words a breakpoint may use"))
    assert lines[at - 2].startswith("memory.key") and not lines[at - 1]
    assert [word for word in types() if not any(line.startswith(f"{word} ") for line in lines[at:])] == []
    assert lines.index("what a clause may do (CEL):") < lines.index("names a clause may use:")
    for name in ("text.matches('x')", "list.exists(t, ...)", "has(args.note)"):
        assert any(line.startswith(name) for line in lines)
