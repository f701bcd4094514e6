"""An approved session of a killed process, attacked line by line: each change is found, or what cannot be is said."""

import asyncio
import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.assembly import fork_session, open_session, reloaded_contract
from greenroom.assembly.past.proof import prove_session
from greenroom.commands.invocation import Invocation
from greenroom.commands.ledger import head, verify
from greenroom.commands.session.verify import verified
from greenroom.core.canonical import digest
from greenroom.core.chain import commit
from greenroom.core.errors import LogDamaged
from greenroom.core.values import ApprovalReply, Card
from greenroom.ledger.signing import new_key_pair
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.hostile.attack import Line, chained, change, copied, greenroom, line_of, lines_of

REPLY = ApprovalReply(decision="allow", approver="mara", established="local terminal")
KILLED = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from greenroom.assembly import find_workspace, open_session

    class Killed:
        async def ask(self, step, card):
            os.kill(os.getpid(), signal.SIGKILL)

    async def main():
        session = await open_session(find_workspace(Path(sys.argv[1])), instant=True, trusted=True, approver=Killed())
        await session.turn("Where is order 1003?")
        await session.turn("I want a refund of 120 EUR for order 1001")

    asyncio.run(main())
"""


class Mara:
    """Says yes, and remembers what was on the card."""

    def __init__(self) -> None:
        self.saw: list[Card] = []

    async def ask(self, step: str, card: Card) -> ApprovalReply:
        self.saw.append(card)
        return REPLY


async def resumed(shop: Workspace, approver: Mara) -> None:
    session = await open_session(shop, session="last", instant=True, trusted=True, approver=approver)
    await session.resume()
    await session.aclose()


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One finished turn, and a second whose process was killed while its question was open."""
    shop = copied(tmp_path_factory.mktemp("killed") / "shop")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(shop.root)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    return shop


@pytest.fixture(scope="module")
def whole(killed: Workspace, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Mara]:
    """The same, resumed and answered by mara."""
    shop, mara = Workspace(tmp_path_factory.mktemp("whole") / "shop"), Mara()
    shutil.copytree(killed.root, shop.root)
    asyncio.run(resumed(shop, mara))
    return shop, mara


@pytest.fixture
def shop(whole: tuple[Workspace, Mara], tmp_path: Path) -> Workspace:
    """A copy to attack."""
    shutil.copytree(whole[0].root, tmp_path / "shop")
    return Workspace(tmp_path / "shop")


def log_of(shop: Workspace) -> Path:
    return next(shop.sessions.glob("*.jsonl"))


def place_of(lines: list[Line], kind: str) -> int:
    """The last line of a kind."""
    return max(place for place, line in enumerate(lines) if line["event"]["kind"] == kind)


def saved(lines: list[Line]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def anchored_anew(shop: Workspace, lines: list[Line]) -> None:
    """The ledger as a forger of both writes it: it anchors the forged log, and no more than there is."""
    kept: list[Line] = []
    for line in lines_of(shop.ledger.read_bytes()):
        entry = line["entry"]
        if entry["kind"] == "session_anchored":
            if entry["seq"] >= len(lines):
                continue
            entry["head"] = lines[entry["seq"]]["hash"]
        kept.append({**line, "seq": len(kept)})
    shop.ledger.write_bytes(chained(kept, "entry"))


def refused(shop: Workspace) -> str:
    with pytest.raises(LogDamaged) as caught:
        verified(shop, "last")
    assert "\n" not in caught.value.line()
    return caught.value.message


def ledger_refused(shop: Workspace, given: str = "") -> str:
    with pytest.raises(LogDamaged) as caught:
        verify(Invocation({"workspace": str(shop.root), "head": given}))
    return caught.value.message


def exported(shop: Workspace) -> str:
    return head(Invocation({"workspace": str(shop.root)})).lines[0]


def test_it_is_proved_who_approved_what_on_which_card_under_which_policy(whole: tuple[Workspace, Mara]) -> None:
    shop, mara = whole
    done = verified(shop, "last", full=True)
    (one,) = done.data["approvals"]
    lines = lines_of(log_of(shop).read_bytes())
    given, asked = place_of(lines, "approval_given"), place_of(lines, "approval_requested")
    assert (one["record"], one["asked"]) == (given, asked)
    assert (one["approver"], one["established"], one["decision"]) == ("mara", "local terminal", "allow")
    assert one["card"] == lines[asked]["event"]["card"]["$"]
    assert one["shown"] == mara.saw[0].model_dump(mode="json")
    assert one["policy"] == mara.saw[0].verdict.policy_digest == lines[asked]["event"]["policy_digest"]
    assert one["policy_label"] == "support@2.3.0"
    assert one["bound"] and one["anchored"]
    text = "\n".join(done.lines)
    assert f"anchored up to {len(lines) - 1} (approval at {given} by mara via local terminal; turn 2 ended" in text
    assert "the files on disk are the same" in text
    assert "args.amount > 100 holds; args.amount = 120" in text


def test_a_fork_begins_with_its_parents_approvals_as_they_were(shop: Workspace) -> None:
    trust(shop)
    records = prove_session(shop, "last").audit.verified.records

    async def forked() -> str:
        session = await fork_session(shop, log_of(shop).stem, records - 1)
        await session.aclose()
        return session.id

    parent = log_of(shop).stem
    done = verified(shop, asyncio.run(forked()))
    (one,) = done.data["approvals"]
    assert (one["session"], one["bound"], one["approver"]) == (parent, True, "mara")
    assert not one["anchored"] and not done.data["due"]  # the parent's anchors are not the child's


def test_what_a_killed_process_left_behind_its_last_anchor_is_said(killed: Workspace) -> None:
    done = verified(killed, "last")
    assert done.data["unanchored"] > 0 and not done.data["due"]
    assert f"{done.data['unanchored']} records after the last anchor, not anchored" in done.lines[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [("approver", "kim"), ("established", "badge"), ("decision", "deny"), ("binds", "0" * 64), ("call", "c9")],
)
def test_an_edited_approval_is_found_with_hashes_made_to_fit_too(shop: Workspace, field: str, value: str) -> None:
    path = log_of(shop)
    lines = lines_of(path.read_bytes())
    place = place_of(lines, "approval_given")
    lines[place]["event"][field] = value
    path.write_bytes(saved(lines))
    assert refused(shop) == f"line {place + 1} was changed after it was written"
    path.write_bytes(chained(lines))
    assert refused(shop) == f"line {place + 1} is not the record the ledger anchors"


def test_a_forger_of_both_chains_is_found_against_an_exported_head(shop: Workspace) -> None:
    kept = exported(shop)
    path = log_of(shop)
    lines = lines_of(path.read_bytes())
    lines[place_of(lines, "approval_given")]["event"]["approver"] = "kim"
    path.write_bytes(chained(lines))
    anchored_anew(shop, lines)
    assert "by kim via" in "\n".join(verified(shop, "last").lines)  # nothing inside the workspace can tell
    last = int(kept.split(":")[1])
    assert ledger_refused(shop, kept) == f"entry {last} of the ledger is not the exported one"
    assert "was cut or rewritten" in ledger_refused(shop, kept.split(":")[2])


def test_a_session_cut_together_with_its_ledger_is_found_against_an_exported_head(shop: Workspace) -> None:
    kept = exported(shop)
    path = log_of(shop)
    lines = lines_of(path.read_bytes())
    lines = lines[: place_of(lines, "approval_requested")]
    path.write_bytes(chained(lines))
    anchored_anew(shop, lines)
    assert not verified(shop, "last").data["approvals"]
    assert "its tail was cut off" in ledger_refused(shop, kept)


def test_a_ledger_cut_alone_leaves_approvals_that_should_be_anchored(shop: Workspace) -> None:
    ledger = shop.ledger.read_bytes().splitlines(keepends=True)
    shop.ledger.write_bytes(b"".join(ledger[:-2]))
    done = verified(shop, "last")
    assert [one["anchored"] for one in done.data["approvals"]] == [False]
    assert [one["what"][:8] for one in done.data["due"]] == ["approval", "turn 2 e"]
    assert "the ledger was cut" in done.notes[0]
    assert done.exit_code == LogDamaged.exit_code and "NOT ALL IS ANCHORED" in done.lines[0]
    whole = verify(Invocation({"workspace": str(shop.root)}))
    assert whole.exit_code == LogDamaged.exit_code and list(whole.data["missing"]) == [log_of(shop).stem]
    assert "NOT ALL IS ANCHORED" in whole.lines[0]


def test_a_ledger_that_is_gone_is_found_by_the_sessions_that_need_it(shop: Workspace) -> None:
    asked = Invocation({"workspace": str(shop.root)})
    sound = verify(asked), verified(shop, "last")
    assert [one.exit_code for one in sound] == [0, 0] and sound[0].data["missing"] == {}
    shop.ledger.unlink()
    done = verified(shop, "last")
    assert "not anchored: the ledger knows nothing of this session" in done.lines[0]
    ledger = verify(asked)
    assert [done.exit_code, ledger.exit_code] == [5, 5]
    assert "approval at" in ledger.lines[1] and log_of(shop).stem in ledger.lines[1]
    shop.ledger.write_bytes(b"")
    assert verify(asked).exit_code == 5


def test_moved_lines_are_found(shop: Workspace) -> None:
    path = log_of(shop)
    lines = path.read_bytes().splitlines(keepends=True)
    place = place_of(lines_of(path.read_bytes()), "approval_given")
    lines[place - 1], lines[place] = lines[place], lines[place - 1]
    path.write_bytes(b"".join(lines))
    assert refused(shop).startswith(f"line {place} holds record {place} where record {place - 1} belongs")


def test_a_cut_below_an_anchor_is_found_and_one_above_is_said(shop: Workspace, killed: Workspace) -> None:
    path = log_of(shop)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert refused(shop) == f"the log ends at {len(lines) - 2}, the ledger anchors {len(lines) - 1}"
    path.write_bytes(b"".join(lines)[:-20])
    assert refused(shop).endswith("and its last line is torn")
    loose = log_of(killed).read_bytes().splitlines(keepends=True)
    shutil.copy(killed.ledger, shop.ledger)
    path.write_bytes(b"".join(loose[:-1]))
    assert verified(shop, "last").data["unanchored"] == verified(killed, "last").data["unanchored"] - 1


@pytest.mark.parametrize("part", ["persona", "prompt", "policy", "tools", "other_tools", "parameters"])
def test_a_text_swapped_in_the_log_is_found_even_if_both_chains_are_made_to_fit(shop: Workspace, part: str) -> None:
    path = log_of(shop)
    lines = lines_of(path.read_bytes())
    place = place_of(lines, "contract_loaded")
    (commitment, kept), *_ = lines[place]["content"].items()
    named = lines[place]["event"]["digests"][part]
    kept[1][named] = kept[1][named].replace("args.amount > 100", "args.amount > 900") if part == "policy" else "[]"
    path.write_bytes(saved(lines))
    assert refused(shop) == f"line {place + 1} was changed after it was written"
    del lines[place]["content"][commitment]
    fresh = commit(kept[0], kept[1])
    lines[place]["content"][fresh] = kept
    lines[place]["event"]["texts"]["$"] = fresh
    path.write_bytes(chained(lines))
    assert refused(shop).endswith("is not the record the ledger anchors")
    anchored_anew(shop, lines)
    assert refused(shop) == f"line {place + 1} holds another {part} text than the one its digest {named[:8]} names"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("policies/support.toml", "on disk now: another policy"),
        ("personas/aria/prompt.md", "on disk now: another prompt"),
    ],
)
def test_a_file_swapped_on_disk_is_said(shop: Workspace, file: str, said: str) -> None:
    path = shop.root / file
    path.write_text(path.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
    assert said in verified(shop, "last").lines[1]
    path.unlink()
    assert "the files on disk cannot be compared" in verified(shop, "last").lines[1]


def test_a_policy_change_between_two_sessions_is_in_the_ledger(shop: Workspace) -> None:
    before = prove_session(shop, "last").labels
    change(shop.root / "policies" / "support.toml", r"args\.amount > 100", "args.amount > 9000")
    change(shop.root / "policies" / "support.toml", r'version = "2\.3\.0"', 'version = "2.4.0"')

    async def again() -> None:
        for _ in range(2):
            session = await open_session(shop, instant=True, trusted=True)
            await session.aclose()

    asyncio.run(again())
    after = prove_session(shop, "last").labels
    assert sorted(after.values()) == ["support@2.3.0", "support@2.4.0"] and len(before) == 1
    assert b"policy_loaded" in shop.ledger.read_bytes().splitlines()[-1]


def test_a_reload_under_another_policy_is_told_and_approvals_keep_theirs(shop: Workspace) -> None:
    trust(shop)

    async def reload() -> None:
        session = await open_session(shop, session="last", instant=True, trusted=True)
        change(shop.root / "policies" / "support.toml", r"args\.amount > 100", "args.amount > 90")
        change(shop.root / "policies" / "support.toml", r'version = "2\.3\.0"', 'version = "2.4.0"')
        session.reload(await asyncio.to_thread(reloaded_contract, shop, session))
        await session.aclose()

    asyncio.run(reload())
    done = verified(shop, "last")
    before, after = done.data["policies"]
    assert f"policy support@2.3.0#{before['digest'][:8]}, then support@2.4.0#{after['digest'][:8]}" in done.lines[1]
    assert done.lines[1].endswith("the files on disk are the same")
    assert done.data["approvals"][0]["policy"] == before["digest"] and not done.data["policy_unchecked"]


@pytest.mark.parametrize("kind", ["turn_started", "approval_requested", "contract_loaded", "tool_returned"])
def test_content_that_is_gone_is_found(shop: Workspace, kind: str) -> None:
    path = log_of(shop)
    lines = lines_of(path.read_bytes())
    place = place_of(lines, kind)
    del lines[place]["content"]
    path.write_bytes(saved(lines))
    assert refused(shop) == f"line {place + 1} has lost content that no erasure explains"


def test_with_a_key_every_anchor_is_signed_and_a_forger_without_it_is_found(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = new_key_pair()
    settings = shop.settings_file
    settings.write_text(f'{settings.read_text()}\n[audit]\nkey = "SIGNING"\npublic = "{pair.public}"\n')
    assert "not signed, though there is a key" in verified(shop, "last").lines[0]
    monkeypatch.setenv("SIGNING", pair.private)

    async def talk() -> None:
        session = await open_session(shop, session="last", instant=True, trusted=True, approver=Mara())
        await session.turn("I want a refund of 150 EUR for order 1007")
        await session.aclose()

    asyncio.run(talk())
    monkeypatch.delenv("SIGNING")
    done = verified(shop, "last")
    assert done.data["signed"] == done.data["anchored"] == done.data["records"] - 1
    # Who held no key may have written the first one; a signature that came later does not vouch for it.
    assert [one["signed"] for one in done.data["approvals"]] == [False, True]
    everything = b"".join(path.read_bytes() for path in shop.root.rglob("*") if path.is_file())
    assert pair.private.encode() not in everything and pair.public.encode() in everything

    path = log_of(shop)
    lines = lines_of(path.read_bytes())
    lines[place_of(lines, "approval_given")]["event"]["approver"] = "kim"
    path.write_bytes(chained(lines))
    anchored_anew(shop, lines)
    assert "the signature at line" in refused(shop)
    assert "is false" in ledger_refused(shop)


@pytest.mark.parametrize("attack", [lambda data: data[:-50], lambda data: data.replace(b'"mara"', b'"kim"')])
def test_the_command_exits_with_5_and_one_line(shop: Workspace, attack: Callable[[bytes], bytes]) -> None:
    path = log_of(shop)
    path.write_bytes(attack(path.read_bytes()))
    done = greenroom(shop.root, "session", "verify", "last")
    assert done.returncode == 5 and not done.stdout
    assert "line" in line_of(done)


def test_texts_in_the_log_are_those_their_digests_name(shop: Workspace) -> None:
    (contract, *_) = prove_session(shop, "last").audit.contracts
    event = json.loads(log_of(shop).read_bytes().splitlines()[contract.seq])
    texts = next(iter(event["content"].values()))[1]
    digests = event["event"]["digests"]
    assert all(digest(texts[named]) == named for part, named in digests.items() if part != "policy")
    assert set(texts) == set(digests.values())
    assert not verified(shop, "last").data["policy_unchecked"]
