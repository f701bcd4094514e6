"""Answers left by another terminal for the process that has the session open: one file for one question.

Invariant: an answer counts for the very record that asked and for no other, and it is gone before it is used, so it
counts once. What is stale, malformed or somebody else's is never used, and whoever waits is told.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from greenroom.core.errors import DiskFailed, UsageError
from greenroom.core.values import ApprovalReply, Frozen
from greenroom.workspace.own_file import open_own, require_own_folder, write_own

ELSEWHERE = "another terminal"
"""How an approver who answered like this was established."""

_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class QuestionId:
    """Exactly one question: the session, the step that asks, and the hash of the record that asked."""

    session: str
    step: str
    record: str


class AnswerFile(Frozen):
    """What such a file holds (schema answer/1)."""

    schema_: Literal["answer/1"] = Field(default="answer/1", alias="schema")
    session: str
    step: str
    record: str
    reply: ApprovalReply

    @property
    def question(self) -> QuestionId:
        return QuestionId(self.session, self.step, self.record)


class AnswerBox:
    """The folder `.greenroom/answers/` of a workspace."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def leave(self, question: QuestionId, reply: ApprovalReply) -> None:
        """Leave an answer for whoever waits for it. The first one counts.

        Raises:
            UsageError: another answer to this question lies there already.
            DiskFailed: it could not be written.
        """
        from filelock import FileLock

        path = self._place(question)
        file = AnswerFile(session=question.session, step=question.step, record=question.record, reply=reply)
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            require_own_folder(self._folder)
            with FileLock(self._folder / ".lock", mode=0o600):
                if os.path.lexists(path):
                    raise UsageError("somebody else has just answered this question", code="approval.taken")
                write_own(path, file.model_dump_json(by_alias=True).encode())
        except OSError as error:
            raise DiskFailed(f"could not leave the answer: {error.strerror or error}") from None

    def take_back(self, question: QuestionId) -> bool:
        """Remove an answer nobody has used; False when it is not there any more."""
        try:
            self._place(question).unlink()
        except OSError:
            return False
        return True

    def take(self, question: QuestionId) -> ApprovalReply | None:
        """The answer to a question, which is then gone; None when there is none.

        Raises:
            ValueError: there is one that cannot be used, and why; it is gone too.
            OSError: it cannot be read or removed, so it is not used.
        """
        path = self._place(question)
        try:
            data = _read(path)
        except FileNotFoundError:
            return None
        gone = self.take_back(question)
        file = _parsed(data)
        if file.question != question:
            raise ValueError("it was given to another question")
        if not gone:
            raise PermissionError(f"{path.name} cannot be removed")
        return file.reply.model_copy(update={"established": ELSEWHERE})

    def clear_others(self, question: QuestionId) -> list[str]:
        """Remove what was left for earlier questions of the same session; returns the names of those files."""
        keep = self._place(question).name
        others = [path for path in self._folder.glob(f"{question.session}.*.json") if path.name != keep]
        for path in others:
            path.unlink(missing_ok=True)
        return sorted(path.name for path in others)

    def _place(self, question: QuestionId) -> Path:
        return self._folder / f"{question.session}.{question.record[:16]}.json"


class Elsewhere:
    """One session's ear at the box: what a mailbox asks while a question is open."""

    def __init__(
        self, box: AnswerBox, session: str, record_of: Callable[[str], str], report: Callable[[str], None]
    ) -> None:
        """`record_of` gives the hash of the record that asked at a step; `report` tells the person here."""
        self._box = box
        self._session = session
        self._record_of = record_of
        self._report = report
        self._told: set[str] = set()

    def question(self, step: str) -> QuestionId:
        """The question that is asked at `step` now."""
        return QuestionId(self._session, step, self._record_of(step))

    def look(self, question: QuestionId) -> ApprovalReply | None:
        """The answer, if a good one has been left. Never raises: what is wrong with one is reported, once."""
        try:
            for name in self._box.clear_others(question):
                self._tell(name, "its question is not the one that is open")
            return self._box.take(question)
        except (ValueError, OSError) as error:
            self._tell(question.record, str(error) if isinstance(error, ValueError) else error.strerror or str(error))
            return None

    def _tell(self, which: str, why: str) -> None:
        if (which + why) not in self._told:
            self._told.add(which + why)
            self._report(f"an answer left by another terminal was not used: {why}")


def _read(path: Path) -> bytes:
    """The bytes of a file that the person who runs this process has written.

    Raises:
        OSError: it is somebody else's, or no regular file.
    """
    with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
        if hasattr(os, "geteuid") and os.fstat(file.fileno()).st_uid != os.geteuid():
            raise PermissionError("it is not from the person who runs this session")
        return file.read(_LARGEST + 1)


def _parsed(data: bytes) -> AnswerFile:
    try:
        if len(data) > _LARGEST:
            raise ValueError
        return AnswerFile.model_validate_json(data)
    except ValueError:  # what pydantic raises is one
        raise ValueError("its file is malformed") from None
