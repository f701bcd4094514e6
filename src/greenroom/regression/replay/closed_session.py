"""A session that a recording alone answers: everything of Greenroom runs, and nothing outside of it does.

Invariant: every port is closed, and its log is in memory; of the tools only their schemas are real. A caller may hand in
a retriever, which only reads.
"""

from __future__ import annotations

from greenroom.core.clock import Clock
from greenroom.core.ids import Ids
from greenroom.engine.contract import Contract
from greenroom.engine.outside import Outside
from greenroom.engine.replay.closed import ClosedModel, ClosedParts
from greenroom.engine.session import Session
from greenroom.engine.steps import Recording
from greenroom.regression.replay.match import TapeRecording
from greenroom.regression.replay.plain_log import log_for
from greenroom.retrieval.port import Retriever
from greenroom.tools.port import Tools


def closed_session(
    contract: Contract,
    tools: Tools,
    recording: Recording,
    clock: Clock,
    ids: Ids,
    retriever: Retriever | None = None,
) -> Session:
    """The session. A call that a tape holds a decision about fits its tool, whatever placeholder stands in it.

    `retriever` looks up what the recording has no answer to; without one nothing is looked up.
    """
    closed = ClosedParts(tools, recording.decided) if isinstance(recording, TapeRecording) else ClosedParts(tools)
    outside = Outside(
        model=ClosedModel(contract.model),
        tools=closed,
        retriever=retriever or closed,
        memory=closed,
        approver=closed,
        clock=clock,
        ids=ids,
    )
    return Session(log_for(recording), contract, outside, recording=recording)
