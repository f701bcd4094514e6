"""Whether a tape was recorded under what governs today: component by component.

Invariant: a component counts as changed only when both sides know it. What tells of changes is loaded when there are any:
most fixtures are not stale.
"""

from __future__ import annotations

from collections.abc import Mapping

from greenroom.core.canonical import digest
from greenroom.regression.stale.cause import Cause
from greenroom.regression.stale.documents import DOCUMENTS, changed_documents
from greenroom.regression.tape.parts import Parts, part_name
from greenroom.regression.tape.tape import Tape

RECORDED_ONLY = ("corpus", "memory", "session", DOCUMENTS)
"""Digests that no text of a contract is compared with: of what is itself on the tape, which `check` and replay hold it to,
and of documents that changed since, which `changed_documents` compares.
"""

SET_OR_NOT = ("ceilings", "models")
"""Components that a contract has only where they say something."""
OF_NOTHING = digest("{}")
"""What such a component is named by that says nothing."""


def changes(tape: Tape, digests: Mapping[str, str], texts: Mapping[str, str], parts: Parts) -> tuple[str, ...]:
    """One line for each cause, see `causes`."""
    return tuple(one.told for one in causes(tape, digests, texts, parts))


def causes(tape: Tape, digests: Mapping[str, str], texts: Mapping[str, str], parts: Parts) -> tuple[Cause, ...]:
    """Each cause for which a tape is stale.

    A persona that took a new version is one cause with all that came with it. `digests` and `texts` are today's, by
    component.
    """
    changed = []
    for component, recorded in _recorded(tape, digests).items():
        today = digests.get(component) or (OF_NOTHING if digests and component in SET_OR_NOT else None)
        if today is not None and component not in RECORDED_ONLY and part_name(today) != recorded:
            changed.append((component, recorded, today))
    documents = changed_documents(tape, parts) if digests else {}
    if not (changed or documents):
        return ()
    from greenroom.regression.stale.telling import told, told_documents

    return (*told(tape, changed, texts, parts), *told_documents(documents, parts))


def _recorded(tape: Tape, digests: Mapping[str, str]) -> Mapping[str, str]:
    """The tape's digests. Limits that the workspace set only since are a change of what governed it."""
    if "ceilings" in digests and "persona" in tape.digests:
        return {**tape.digests, "ceilings": tape.digests.get("ceilings", part_name(OF_NOTHING))}
    return tape.digests
