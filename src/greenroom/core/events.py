"""Every durable fact of a session: a closed union, past tense, never renamed or removed; new fields have defaults.

`kept_from` is the number of the parent's record that a rerun took a step from; None says it was done in this session.
Fields marked `Words` or `Content[...]` can hold a person's words or model text. The codec keeps them outside the
hash behind a salted commitment, so that they can be erased later. Numbers in events are integers.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from greenroom.core.event import CONTENT, Content, Event, Words
from greenroom.core.person_events import (
    ApprovalGiven,
    ApprovalPassedOn,
    ApprovalRequested,
    AutonomyChanged,
    DeadLetterDiscarded,
    GatePassed,
    GatePaused,
    GrantRevoked,
    ModeChanged,
)
from greenroom.core.values import Effect, Effects, Frozen, Hook, Json, Memory, Passage, ToolCall, Usage, Verdict

__all__ = [
    "CONTENT",
    "AnyEvent",
    "ApprovalGiven",
    "ApprovalPassedOn",
    "ApprovalRequested",
    "AttemptFailed",
    "AutonomyChanged",
    "Content",
    "ContentErased",
    "ContextSelected",
    "ContractLoaded",
    "DaySumsRead",
    "DeadLetterDiscarded",
    "Event",
    "GatePassed",
    "GatePaused",
    "GrantRevoked",
    "MemoriesProposed",
    "MemoriesRecalled",
    "MemoryForgotten",
    "MemoryWritten",
    "ModeChanged",
    "PassagesRetrieved",
    "Record",
    "ReplyGenerated",
    "ReplyReleased",
    "RerunStarted",
    "SessionForked",
    "SessionOpened",
    "TailCut",
    "ToolReturned",
    "ToolStarted",
    "TurnAbandoned",
    "TurnFinished",
    "TurnInterrupted",
    "TurnResumed",
    "TurnStarted",
    "VariantChosen",
    "VerdictReached",
    "Words",
]


class SessionOpened(Event):
    """A session began."""

    kind: Literal["session_opened"] = "session_opened"
    session: str
    persona: str
    version: str
    workspace: str
    model: str
    greenroom: str = ""


class SessionForked(Event):
    """From here on this is another session: the records before are a verbatim copy of the parent's, up to `parent_seq`."""

    kind: Literal["session_forked"] = "session_forked"
    session: str
    parent: str
    parent_seq: int
    parent_hash: str


class RerunStarted(Event):
    """From here on the parent's `turns` are said again, under what is named in `changed`; the first is `turn` here.

    `replies` are a person's words in the place of a model's, by step; `left_out` the passages and memories, by turn
    here, that do not go into its prompts. `recorded` is the session whose records steps are kept from, where that is
    not the parent but another branch of it.
    """

    kind: Literal["rerun_started"] = "rerun_started"
    turns: tuple[int, ...]
    changed: tuple[str, ...] = ()
    replies: Content[dict[str, str]] = Field(default_factory=dict)
    recorded: str = ""
    left_out: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class VariantChosen(Event):
    """A person went on with what was a variant: from here on what it remembers is in the memory store too.

    `over` are the sessions it was set beside and preferred to, `by` whoever did so.
    """

    kind: Literal["variant_chosen"] = "variant_chosen"
    memories: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    by: str = ""


class ContractLoaded(Event):
    """The texts that govern the next turns. `digests` by component; `texts` holds those the log did not have yet, by digest.

    `own` are the components that a person named for this session in the place of what is on disk, such as `prompt`: with
    these it goes on when it is opened again. `table` names the `[models.NAME]` of greenroom.toml that said how the model is
    reached, '' where it was named in full.
    """

    kind: Literal["contract_loaded"] = "contract_loaded"
    persona: str
    version: str
    model: str
    autonomy: int = 2
    digests: dict[str, str]
    texts: Content[dict[str, str]] = Field(default_factory=dict)
    own: tuple[str, ...] = ()
    table: str = ""


class TurnStarted(Event):
    """A person (or a script, or a tape) said something."""

    kind: Literal["turn_started"] = "turn_started"
    words: Words
    origin: str = "person"


class VerdictReached(Event):
    """Policy decided about `subject` at `hook`.

    `moment` is '' where it did when that came up first; else it says at which look it was decided anew: about a call when
    it went its way (`run`), had passed its gate (`passed`), had its turn to be asked about (`ask`) or somebody had said
    what became of it (`now`); about anything when a question about it had become void (`void`).
    """

    kind: Literal["verdict_reached"] = "verdict_reached"
    hook: Hook
    subject: str = ""
    effect: Effect
    rule: str
    policy_digest: str = ""
    verdict: Content[Verdict]
    moment: str = ""


class MemoriesRecalled(Event):
    """The memory store answered; `memories` are in order of relevance."""

    kind: Literal["memories_recalled"] = "memories_recalled"
    query: Words = ""
    memories: Content[tuple[Memory, ...]] = ()
    kept_from: int | None = None


class PassagesRetrieved(Event):
    """The retriever answered with candidates, kept and dropped alike, in order of fused score."""

    kind: Literal["passages_retrieved"] = "passages_retrieved"
    query: Words = ""
    legs: tuple[str, ...] = ()
    candidates: Content[tuple[Passage, ...]] = ()
    kept_from: int | None = None


class ContextSelected(Event):
    """Which memories and passages go into the prompt, by id, and for the others why not."""

    kind: Literal["context_selected"] = "context_selected"
    memories: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    dropped: dict[str, str] = Field(default_factory=dict)


class AttemptFailed(Event):
    """A model could not be reached or did not finish; another attempt or model may follow."""

    kind: Literal["attempt_failed"] = "attempt_failed"
    model: str
    attempt: int
    problem: str
    hint: str = ""
    message: Words = ""
    retry_in_milliseconds: int | None = None


class ReplyGenerated(Event):
    """A model answered. Its request is not kept: it follows from the log."""

    kind: Literal["reply_generated"] = "reply_generated"
    model: str
    text: Words = ""
    reasoning: Words = ""
    calls: Content[tuple[ToolCall, ...]] = ()
    finish: str = "stop"
    usage: Usage = Usage()
    milliseconds: int = 0
    first_token_milliseconds: int | None = None
    kept_from: int | None = None


class DaySumsRead(Event):
    """What all other sessions have added to the limited sums of a day (`2026-11-20`) when a call was decided."""

    kind: Literal["day_sums_read"] = "day_sums_read"
    day: str
    sums: dict[str, str] = Field(default_factory=dict)


class ToolStarted(Event):
    """A tool is about to run. On disk before the tool is entered."""

    kind: Literal["tool_started"] = "tool_started"
    call: str
    tool: str
    effects: Effects
    idempotency_key: str = ""
    arguments: Content[dict[str, Json]] = Field(default_factory=dict)
    kept_from: int | None = None


class ToolReturned(Event):
    """A call ended, whatever the way. `simulated` results came from a person; nothing ran."""

    kind: Literal["tool_returned"] = "tool_returned"
    call: str
    tool: str
    status: Literal["done", "failed", "timed_out", "invalid", "denied", "unknown"]
    simulated: bool = False
    milliseconds: int = 0
    output: Content[Json] = None
    error: Words = ""
    kept_from: int | None = None


class ReplyReleased(Event):
    """What the person got to read, after the output verdict. `changed` says it differs from the model's words."""

    kind: Literal["reply_released"] = "reply_released"
    text: Words
    effect: Effect = "allow"
    changed: bool = False


class MemoriesProposed(Event):
    """What the turn would like to keep; each proposal gets a verdict of its own."""

    kind: Literal["memories_proposed"] = "memories_proposed"
    memories: Content[tuple[Memory, ...]] = ()


class MemoryWritten(Event):
    """A memory went into the store. `superseded` is the id of the one it replaced."""

    kind: Literal["memory_written"] = "memory_written"
    memory_id: str
    segment: str
    superseded: str = ""
    memory: Content[Memory]


class MemoryForgotten(Event):
    """A person had a memory removed from the store during the session."""

    kind: Literal["memory_forgotten"] = "memory_forgotten"
    memory_id: str
    by: str = ""


class TurnFinished(Event):
    """A turn ended legally."""

    kind: Literal["turn_finished"] = "turn_finished"
    outcome: Literal["answered", "refused", "limited", "stopped"]
    usage: Usage = Usage()
    milliseconds: int = 0


class TurnInterrupted(Event):
    """A turn stopped in the middle (cancel, broken service, full disk). It can be resumed or abandoned."""

    kind: Literal["turn_interrupted"] = "turn_interrupted"
    cause: str
    problem: Words = ""
    hint: str = ""


class TurnResumed(Event):
    """An interrupted turn goes on from what the log has."""

    kind: Literal["turn_resumed"] = "turn_resumed"


class TurnAbandoned(Event):
    """A person gave an unfinished turn up; nothing of it goes into later prompts."""

    kind: Literal["turn_abandoned"] = "turn_abandoned"
    reason: Words = ""


class TailCut(Event):
    """A torn last line, left by a crash, was cut off when the log was opened."""

    kind: Literal["tail_cut"] = "tail_cut"
    lost_bytes: int


class ContentErased(Event):
    """The content of some records is gone on purpose; their hashes stay."""

    kind: Literal["content_erased"] = "content_erased"
    records: tuple[int, ...]
    reason: str
    by: str = ""


AnyEvent = Annotated[
    SessionOpened
    | SessionForked
    | RerunStarted
    | VariantChosen
    | ContractLoaded
    | TurnStarted
    | VerdictReached
    | MemoriesRecalled
    | PassagesRetrieved
    | ContextSelected
    | AttemptFailed
    | ReplyGenerated
    | ApprovalRequested
    | ApprovalGiven
    | ApprovalPassedOn
    | GrantRevoked
    | DeadLetterDiscarded
    | DaySumsRead
    | AutonomyChanged
    | ToolStarted
    | ToolReturned
    | ReplyReleased
    | MemoriesProposed
    | MemoryWritten
    | MemoryForgotten
    | GatePaused
    | GatePassed
    | ModeChanged
    | TurnFinished
    | TurnInterrupted
    | TurnResumed
    | TurnAbandoned
    | TailCut
    | ContentErased,
    Field(discriminator="kind"),
]
"""The closed union of everything a log can hold."""


class Record(Frozen):
    """An event's place in a log. `commitments` maps each content field to its commitment, `salts` commitment to salt."""

    seq: int
    at: str
    event: AnyEvent
    prev: str
    hash: str
    commitments: dict[str, str] = Field(default_factory=dict)
    salts: dict[str, str] = Field(default_factory=dict)
