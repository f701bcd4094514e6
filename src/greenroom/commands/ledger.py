"""The ledger for people: its entries, its head to keep elsewhere, what an exported head proves, and keys to sign with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from greenroom.commands.answer import Answer, answer, counted, table
from greenroom.commands.invocation import Invocation
from greenroom.commands.session.verify import CUT, NOT_ANCHORED
from greenroom.core.clock import SystemClock
from greenroom.core.errors import FileInvalid, UsageError
from greenroom.core.inert import inert_line
from greenroom.ledger.entries import SIGNED, Entry, Line
from greenroom.ledger.head import MARK, Compared, Head, compare, head_of, read_heads
from greenroom.ledger.ledger import Ledger, anchors_in
from greenroom.ledger.signing import SIGNING_KEY, KeyPair, new_key_pair, signed_at_once, signed_up_to, signer_of
from greenroom.log.catalog import unanchored
from greenroom.workspace.settings import load_settings

LIMITS = (
    "What the audit proves, and what it does not",
    "",
    "Every record of a session is hashed with the one before it. Approver, how they were established, decision, rule and",
    "policy digest are inside the hash; texts, arguments and cards are outside, each held by a salted commitment inside.",
    "The ledger is a second chain: it holds the hash of a session at each answer to a question and each end of a turn,",
    "each change of policy, and each stop.",
    "",
    "found by `session verify`: a changed byte, a moved, doubled or missing line, a changed approver, decision or card,",
    "    a text swapped for another, content that is gone with no erasure that explains it, a log cut below an anchor.",
    "    and an answer or an end of a turn that the ledger lacks, as after a cut or deleted ledger (exit 5).",
    "said by `session verify`: which records came after the last anchor, and that files on disk are others by now.",
    "found by `ledger verify`: a changed, moved or missing line of the ledger, a false or unknown signature, and",
    "    sessions that hold more than the ledger anchors (exit 5), so also that it was cut alone or deleted.",
    "found only with `ledger verify --head`: a session cut together with the ledger, or both written anew.",
    "",
    "An exported head (`greenroom ledger head`) proves what was there when it was made, if it was kept out of reach of",
    "whoever can write the workspace: in a ticket, a mail, another machine, or read aloud by its fingerprint.",
    "A signature (`greenroom ledger keygen`) proves that a ledger was written by someone who held the key.",
    "A signature covers all that stands before it, whoever wrote that; what was not signed as it was written is listed.",
    "",
    "Who can write the files but has no key can cut the ledger back to any signed entry, and go on unsigned from there.",
    "Who has the key and the files can rewrite sessions and ledger from any point, sign them anew, and set any clock.",
    "Who can change greenroom.toml can name another key: review audit.public like code.",
    "Each of the three is found against a head exported before, and by nothing else.",
)
"""For `greenroom help audit`."""

_EMPTY = "the ledger is empty; the first turn of a session writes it"
_LONGEST = 1_000_000


def list_entries(asked: Invocation) -> Answer[list[Entry]]:
    """The entries, oldest first; signatures are left out unless `--all`.

    Raises:
        LogDamaged: the ledger is not what was written; names the line.
    """
    session = asked.text("session")
    found = [
        entry
        for entry in Ledger(asked.workspace().ledger, SystemClock()).entries()
        if (asked.flag("all") or entry.kind != SIGNED)
        and (not session or str(entry.fields.get("session", "")).startswith(session))
    ]
    rows = [(entry.seq, entry.at[:19], entry.kind, said(entry)) for entry in found]
    data = [{"seq": entry.seq, "at": entry.at, "kind": entry.kind, **entry.fields} for entry in found]
    notes = () if found else (_EMPTY,)
    return answer(found, table(("entry", "at", "what", ""), rows, 30), data, notes=notes, stream=True)


def said(entry: Entry) -> str:
    """An entry in words."""
    own = entry.fields
    match entry.kind:
        case "session_anchored":
            return f"{own['session']} up to record {own['seq']}, head {own['head'][:16]}"
        case "policy_loaded":
            return f"{own['persona']} runs under {own['label']}#{own['digest'][:8]}, since session {own['session']}"
        case "stop_pressed" | "stop_lifted":
            why = f": {own['reason']}" if "reason" in own else ""
            return f"{own['scope']} {own['target']}".rstrip() + f" by {own['by']}{why}"
        case "head_signed":
            return f"signed by {own['key']}"
        case _:
            return "written by a newer Greenroom"


def head(asked: Invocation) -> Answer[Head]:
    """The head as one line to keep elsewhere, signed if the key is in the environment.

    Raises:
        UsageError: the ledger is empty.
        LogDamaged: it is not what was written.
        FileInvalid: the key is none, or not the one greenroom.toml names.
    """
    workspace = asked.workspace()
    lines = Ledger(workspace.ledger, SystemClock()).lines()
    found = head_of(lines, signer_of(load_settings(workspace).audit))
    if found is None:
        raise UsageError(_EMPTY, code="ledger.empty")
    data = {
        "entry": found.seq,
        "head": found.hash,
        "fingerprint": found.fingerprint,
        "key": found.key,
        "signature": found.signature,
        "line": found.text(),
    }
    by = f"signed by {found.key}" if found.key else "not signed"
    notes = [
        f"entry {found.seq}, {by}; fingerprint to compare by voice: {found.fingerprint}",
        "keep the line where nobody who can write this workspace can; later: greenroom ledger verify --head LINE",
    ]
    return answer(found, [found.text()], data, notes=notes)


def verify(asked: Invocation) -> Answer[Compared | None]:
    """Check the ledger, its signatures, and with `--head` that it still holds what was exported; exit 5 where sessions
    hold what it must anchor and does not.

    Raises:
        LogDamaged: it was changed, cut or rewritten, or a signature is false; says where.
        FileInvalid: what was given is no exported head, or was changed.
    """
    workspace, given = asked.workspace(), asked.text("head")
    public = load_settings(workspace).audit.public
    lines = Ledger(workspace.ledger, SystemClock()).lines()
    signed = signed_up_to(lines, public, every=True)
    compared = compare(lines, read_heads(_given(given), public)) if given else None
    loose = sum(line["entry"]["kind"] != SIGNED for line in lines[signed + 1 :])
    keys = sorted({line["entry"]["key"] for line in lines if line["entry"]["kind"] == SIGNED})
    late = _late(lines, signed)
    anchors = anchors_in(lines)
    missing = unanchored(workspace, anchors)
    sound = "its chain is sound, but NOT ALL IS ANCHORED" if missing else "sound"
    shown = [f"{sound}: {counted(len(lines), 'entry')} on {counted(len(anchors), 'session')}"]
    if now := head_of(lines):
        shown += [f"head {now.fingerprint} (entry {now.seq})", _signatures(signed, loose, keys)]
    data = {
        "entries": len(lines),
        "head": now.hash if now else "",
        "fingerprint": now.fingerprint if now else "",
        "signed": signed,
        "unsigned": loose,
        "signed_later": late,
        "keys": keys,
        "kinds": dict(Counter(line["entry"]["kind"] for line in lines)),
        "exported": None if compared is None else {"entry": compared.seq, "since": compared.since},
        "missing": dict(missing),
    }
    notes = [] if public or signed < 0 else [_UNNAMED]
    if late:
        numbers = ", ".join(map(str, late[:5])) + (" ..." if len(late) > 5 else "")
        notes.append(f"{counted(len(late), 'entry')} written without the key and signed only later: {numbers}")
    told = [" · ".join(shown), *_missing(missing), *_compared(compared)]
    return answer(compared, told, data, notes=notes, exit_code=NOT_ANCHORED if missing else 0)


_UNNAMED = "greenroom.toml names no key (audit.public), so a signature only shows that whoever made it held some key"


def sign(asked: Invocation) -> Answer[Head]:
    """Sign the ledger as it stands, such as after runs without the key.

    Raises:
        UsageError: there is no key, or nothing to sign.
        LogDamaged: it is not what was written.
    """
    workspace = asked.workspace()
    ledger = Ledger.of(workspace, SystemClock())
    if not ledger.signing:
        variable = load_settings(workspace).audit.key
        hint = f"set {variable}" if variable else "greenroom ledger keygen says how"
        raise UsageError("there is no key to sign with", hint=hint, code="audit.no_key")
    ledger.sign()
    return head(asked)


def keygen(asked: Invocation) -> Answer[KeyPair]:
    """A new key pair. The private half goes into the environment; it is shown once and kept nowhere.

    Raises:
        ServiceUnavailable: the `cryptography` package is missing.
    """
    pair = new_key_pair()
    lines = [
        f"export {SIGNING_KEY}={pair.private}",
        "",
        "[audit]",
        f'key    = "{SIGNING_KEY}"',
        f'public = "{pair.public}"',
    ]
    notes = [
        "the first line is secret: put it where secrets live, never into a file of the workspace",
        "commit the other lines in greenroom.toml; from then on every entry of the ledger is signed",
        "whoever has both the key and the files can still rewrite and sign everything: greenroom help audit",
    ]
    data = {"variable": SIGNING_KEY, "private": pair.private, "public": pair.public}
    return answer(pair, lines, data, notes=notes)


def _missing(found: Mapping[str, str]) -> Iterator[str]:
    for session, what in found.items():
        yield "  " + inert_line(f"{session} · {what}", 300)
    if found:
        yield f"  {CUT}"


def _late(lines: Sequence[Line], signed: int) -> list[int]:
    """The entries that a signature covers, and that were not signed as they were written."""
    at_once = {line["seq"] for line in signed_at_once(lines)}
    covered = (line for line in lines[: signed + 1] if line["entry"]["kind"] != SIGNED)
    return [line["seq"] for line in covered if line["seq"] not in at_once]


def _signatures(signed: int, loose: int, keys: Sequence[str]) -> str:
    if signed < 0:
        return "not signed"
    rest = f", {counted(loose, 'entry')} after it not" if loose else ""
    return f"signed by {', '.join(keys)} up to entry {signed}{rest}"


def _compared(found: Compared | None) -> list[str]:
    if found is None:
        return []
    if not found.since:
        return [f"it is the exported ledger: nothing came after entry {found.seq}"]
    since = counted(found.since, "entry")
    return [f"it goes on from the exported head of entry {found.seq}: {since} added since"]


def _given(text: str) -> str:
    """The exported heads: the text itself, or those of a file."""
    if MARK in text:
        return text
    try:
        with Path(text).open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        return text
    except (OSError, ValueError):
        raise FileInvalid("cannot be read", where=text[:80]) from None
