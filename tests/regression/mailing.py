"""A session in which a mail is written, under policies made of rules, and its fixture: the address became a placeholder."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom.core.clock import FrozenClock
from greenroom.core.events import VerdictReached
from greenroom.core.values import ApprovalReply, ToolCall, ToolSpec, Verdict
from greenroom.persona.contract import Persona
from greenroom.policy.decide import RulePolicy
from greenroom.policy.load import PolicySource, builtin_source, compile_policies
from greenroom.policy.verdict.bounds import Role
from greenroom.regression.record.record import Recorded, record
from greenroom.regression.replay.outcome import Outcome
from tests.engine.stage import CountingTools, Stage, answering, persona, says, stage
from tests.regression.taped import replayed

MAIL = ToolSpec(
    name="mail.send",
    description="Send a mail.",
    parameters={
        "type": "object",
        "properties": {"to": {"type": "string"}, "body": {"type": "string"}, "copies": {"type": "integer"}},
    },
    effects="once",
    outbound=True,
)
ALLOW = ApprovalReply(decision="allow", approver="kim")


@dataclass
class MailTools(CountingTools):
    """Sends mail, or says that it did."""

    def specs(self) -> tuple[ToolSpec, ...]:
        return (MAIL,)

    def problem(self, call: ToolCall) -> str:
        return ""


def mailer(**changes: Any) -> Persona:
    return persona(tools={"allow": ["mail.send"]}, **changes)


def rule(id: str, *when: str, then: str = "deny", **more: str) -> str:
    """A rule about mail, as a policy file has it; `more` are lines as they stand."""
    rows = [f"{key} = {value}" for key, value in more.items()]
    clauses = ", ".join(f'"{one}"' for one in when)
    head = f'[[rule]]\nid = "{id}"\nwhy = "It is {id}."\nhook = "tool.call"\ntools = ["mail.send"]\nwhen = [{clauses}]'
    return "\n".join([head, f'then = "{then}"', *rows, ""])


def exception(of: str, *when: str, tools: str = "") -> str:
    clauses = ", ".join(f'"{one}"' for one in when)
    named = f"tools = {tools}\n" if tools else ""
    rest = f'owner = "kim"\nexpires = 2999-01-01\nwhy = "Goodwill"\n{named}when = [{clauses}]\n'
    return f'[[exception]]\nrule = "{of}"\n{rest}'


def policy(*parts: str, who: Persona | None = None) -> RulePolicy:
    """The policy of these rules, exceptions, detectors and envelopes."""
    text = "\n".join(['schema = "policy/1"\nid = "mail"\nversion = "1.0.0"', *parts])
    sources = [builtin_source(), PolicySource("policies/mail.toml", text)]
    return compile_policies(sources, (MAIL,), Role.of(who or mailer()), clock=FrozenClock())


def mailed(
    under: RulePolicy, arguments: dict[str, Any], answers: Sequence[ApprovalReply] = (ALLOW,), words: str = ""
) -> tuple[Stage, Recorded, Verdict]:
    """A session in which one mail is written under a policy, its recording, and what was decided about it."""
    made = stage(
        says("", ("mail.send", arguments)),
        says("Well."),
        policy=under,
        tools=MailTools(),
        persona=mailer(),
    )

    async def run() -> tuple[Recorded, Verdict]:
        live = made.session()
        answering(live, *answers)
        await live.turn(words or f"Write to {arguments.get('to')}.")
        records = list(live.records)
        await live.aclose()
        reached = [one.event for one in records if isinstance(one.event, VerdictReached)]
        verdict = next(one.verdict for one in reached if one.hook == "tool.call")
        return record(records, under), verdict

    kept, verdict = asyncio.run(run())
    return made, kept, verdict


def under(other: RulePolicy, made: Stage, kept: Recorded, folder: Path, **changes: Any) -> Outcome:
    """How the recording replays under another policy."""
    return replayed(made, kept, folder, policy=other, stale="warn", **changes)
