"""Whether a comparison that goes on still has the inputs it began with, told without keeping anything of their words.

Invariant: what stands in the journal is an HMAC of each input under a key of the comparison's own, as logs commit to words;
the key lies in a file beside it and is gone when the last run is made, so that nothing can be guessed from a journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from greenroom.core.canonical import digest
from greenroom.core.chain import commit
from greenroom.core.errors import UsageError
from greenroom.core.ids import RandomIds
from greenroom.regression.compare.inputs import Spoken
from greenroom.regression.compare.journal import Header, Journal

BARE = 1
"""The format in which a journal had a bare digest of each input, from which short words could be guessed."""


def fresh_key() -> str:
    """A key for a new comparison, as it is kept."""
    return RandomIds().salt()


def sealed(inputs: Sequence[Spoken], key: str) -> tuple[str, ...]:
    """What a journal keeps of each input; two that are alike do not look so."""
    return tuple(commit(key, [one.number, list(one.turns)]) for one in inputs)


def require_same(journal: Journal, inputs: Sequence[Spoken]) -> None:
    """Refuse to go on with other inputs; a journal of the older format is brought to this one.

    Raises:
        UsageError: they are others, or that cannot be told any more.
        DiskFailed: the journal could not be rewritten.
    """
    header = journal.header
    if not journal.missing():
        return  # nothing of them is said any more
    if header.v == BARE:
        same = tuple(digest(list(one.turns)) for one in inputs) == header.inputs
        if same:
            key = fresh_key()
            journal.begin_again(header.model_copy(update={"v": 2, "inputs": sealed(inputs, key)}), key)
    else:
        key = journal.key()
        if not key:
            raise UsageError(
                f"whether {_file(header)} still holds the inputs that '{header.name}' began with cannot be told: its key is gone",
                hint="begin a new comparison",
                code="compare.key",
            )
        same = sealed(inputs, key) == header.inputs
    if not same:
        raise UsageError(
            f"{_file(header)} holds other inputs than when '{header.name}' began",
            hint="begin a new comparison",
            code="compare.changed",
        )


def _file(header: Header) -> str:
    return Path(header.file).name
