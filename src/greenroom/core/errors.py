"""The error tree. Every error a person can meet has one message, a hint that says what to do, and a code.

GreenroomError                   exit 70
├── CheckFailed                  exit 1    a check or test failed, or the run was denied
├── UsageError                   exit 2    the command's words are wrong
├── FileInvalid                  exit 3    a config, persona, policy or fixture file is broken
├── ServiceUnavailable           exit 4    a model or service cannot be used now
├── LogDamaged                   exit 5    a session log is damaged or was tampered with
├── WaitingForPerson             exit 6    a question is open and nobody is here to answer it
├── KillSwitchThrown             exit 7    a person stopped Greenroom
├── Divergence                   exit 1    a recorded step was met with other inputs
└── DiskFailed                   exit 70   the disk refused a write; nothing half-written counts
"""

from __future__ import annotations


class GreenroomError(Exception):
    """Root of the tree: `message` says what happened, `hint` what to do, `code` is stable for scripts."""

    exit_code = 70
    default_code = "internal"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def line(self) -> str:
        """The one line shown to a person."""
        return f"{self.message} ({self.hint})" if self.hint else self.message


class CheckFailed(GreenroomError):
    """A check ran and said no."""

    exit_code = 1
    default_code = "check.failed"


class UsageError(GreenroomError):
    """The command or key was used in a way it does not understand."""

    exit_code = 2
    default_code = "usage"


class FileInvalid(GreenroomError):
    """A file a person wrote cannot be used. `where` is `file:line key.path`, as far as known."""

    exit_code = 3
    default_code = "file.invalid"

    def __init__(self, message: str, *, where: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint, code=code)
        self.where = where


class ServiceUnavailable(GreenroomError):
    """A model or service cannot be used now. `retryable` says whether waiting may help."""

    exit_code = 4
    default_code = "service.unavailable"

    def __init__(self, message: str, *, hint: str = "", code: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retryable = retryable


class LogDamaged(GreenroomError):
    """A log line is not what was written. `line_number` counts from 1."""

    exit_code = 5
    default_code = "log.damaged"

    def __init__(self, message: str, *, line_number: int = 0, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint=hint, code=code)
        self.line_number = line_number


class WaitingForPerson(GreenroomError):
    """A question is open; the session is safe on disk and can be resumed."""

    exit_code = 6
    default_code = "approval.waiting"


class KillSwitchThrown(GreenroomError):
    """A person stopped Greenroom; nothing runs until the switch is lifted."""

    exit_code = 7
    default_code = "stopped"


class Divergence(GreenroomError):
    """A step met its own recording with other inputs. `step` is its key, `difference` a short text diff."""

    exit_code = 1
    default_code = "replay.diverged"

    def __init__(self, message: str, *, step: str = "", difference: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.difference = difference


class DiskFailed(GreenroomError):
    """The operating system refused a write; the effect that waited for it did not happen."""

    default_code = "disk.failed"
