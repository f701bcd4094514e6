"""The head of the ledger to be kept elsewhere: one line to copy, a fingerprint to read aloud, and what it later proves.

Invariant: a line that was changed on its way is refused, never compared.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.core.errors import FileInvalid, LogDamaged
from greenroom.ledger.entries import SIGNED, Line
from greenroom.ledger.signing import Signer, fits

MARK = "greenroom-ledger:"
_LINE = re.compile(r"greenroom-ledger:(\d{1,15}):([A-Z0-9-]+):([0-9a-f]{64})(?::([\w+/=]+):([\w+/=]+))?(?![\w+/=:-])")
_FINGERPRINT = re.compile(r"\b[A-Z2-7]{5}(?:-[A-Z2-7]{5}){3}\b")


@dataclass(frozen=True, slots=True)
class Head:
    """Where the ledger stood: its last entry, that entry's hash, and who signed it ('' where nobody did).

    `seq` is -1 for a head of which only the fingerprint is known.
    """

    seq: int
    fingerprint: str
    hash: str = ""
    key: str = ""
    signature: str = ""

    def text(self) -> str:
        """The one line to copy."""
        parts = [f"{MARK}{self.seq}", self.fingerprint, self.hash]
        return ":".join([*parts, self.key, self.signature] if self.signature else parts)


@dataclass(frozen=True, slots=True)
class Compared:
    """What an exported head says of the ledger: it stood at entry `seq`, and `since` entries were added to it."""

    seq: int
    since: int
    key: str = ""


def fingerprint(head: str) -> str:
    """The first 100 bits of a hash as four groups of five letters and digits: enough for a person to compare."""
    letters = b32encode(bytes.fromhex(head))[:20].decode()
    return "-".join(letters[at : at + 5] for at in range(0, 20, 5))


def head_of(lines: Sequence[Line], signer: Signer | None = None) -> Head | None:
    """The head of the ledger as it stands, signed if it is or can be; None for an empty ledger."""
    if not lines:
        return None
    last = lines[-1]
    if last["entry"]["kind"] == SIGNED and len(lines) > 1:
        # What a signature covers is the entry before it: that is the head it was made for.
        return _head(lines[-2], {name: last["entry"][name] for name in ("key", "signature")})
    given = signer.signs(last) if signer else {}
    return _head(last, {name: given[name] for name in ("key", "signature") if given})


def read_heads(text: str, public: Sequence[str] = ()) -> list[Head]:
    """Every exported head in a text, or the fingerprints in it.

    Raises:
        FileInvalid: there is none, or one was changed after it was made (`public` are the keys that count, if any).
    """
    lines = text.count(MARK)
    found = [_read(match, public) for match in _LINE.finditer(text)]
    if not lines:
        found = [Head(-1, match[0]) for match in _FINGERPRINT.finditer(text.upper())]
    if not found or (lines and len(found) != lines):
        hint = "a line of `greenroom ledger head`, a file with such lines, or a fingerprint"
        raise FileInvalid("that is no head of a ledger", hint=hint, code="head.unread")
    return found


def compare(lines: Sequence[Line], heads: Sequence[Head]) -> Compared:
    """Check that the ledger, verified by itself, still holds every exported head; returns the newest.

    Raises:
        LogDamaged: it was cut (it ends before an exported head) or rewritten (it has other entries there); says where.
    """
    hashes = [str(line["hash"]) for line in lines]
    prints = {fingerprint(each): place for place, each in enumerate(hashes)}
    newest, held = Compared(-1, len(lines)), -1
    for head in sorted(heads, key=lambda one: one.seq):
        place = prints.get(head.fingerprint, -1)
        if place < 0 or (head.hash and (place, hashes[place]) != (head.seq, head.hash)):
            raise _lost(head, len(lines), held)
        held = max(held, place)
        if place >= newest.seq:
            newest = Compared(place, sum(line["entry"]["kind"] != SIGNED for line in lines[place + 1 :]), head.key)
    return newest


def _head(line: Line, signature: dict[str, str]) -> Head:
    return Head(line["seq"], fingerprint(line["hash"]), line["hash"], **signature)


def _read(match: re.Match[str], public: Sequence[str]) -> Head:
    seq, shown, head, key, signature = match.groups(default="")
    if shown != fingerprint(head) or (signature and not fits(int(seq), head, key, signature)):
        raise FileInvalid(f"the exported head of entry {seq} was changed after it was made", code="head.changed")
    if signature and public and key not in public:
        hint = f'audit.public lacks "{key}"'
        raise FileInvalid(f"the exported head of entry {seq} is signed by an unknown key", hint=hint, code="head.key")
    return Head(int(seq), shown, head, key, signature)


def _lost(head: Head, entries: int, held: int) -> LogDamaged:
    """`held` is the newest entry that another exported head still finds, -1 if none."""
    if head.seq < 0:
        said = f"no entry of the ledger has the fingerprint {head.fingerprint}: it was cut or rewritten"
        return LogDamaged(said, code="ledger.forked")
    if head.seq >= entries:
        said = f"the ledger ends at entry {entries - 1}, the exported head is entry {head.seq}: its tail was cut off"
        return LogDamaged(said, line_number=entries + 1, code="ledger.cut")
    said = f"entry {head.seq} of the ledger is not the exported one"
    hint = f"it was rewritten somewhere from entry {held + 1} to entry {head.seq}"
    return LogDamaged(said, line_number=head.seq + 1, hint=hint, code="ledger.forked")
