"""Canaries come in by every door there is; then every byte the workspace wrote, and all that was shown, is searched.

Real session, real HTTP model, real tools, store and index; the policy is the shop's own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.assembly import open_session
from greenroom.core.clock import SystemClock
from greenroom.core.errors import ServiceUnavailable
from greenroom.core.events import ApprovalRequested, GatePaused, Record
from greenroom.core.ids import RandomIds
from greenroom.core.signals import TextArrived
from greenroom.core.values import ApprovalReply, GateReply, Memory
from greenroom.engine.session import Session
from greenroom.memory.store_memory import StoreMemory
from greenroom.store.store import Store
from greenroom.tui.rehearsal import Wanted
from greenroom.workspace.layout import Workspace
from greenroom.workspace.trust import trust
from tests.cli.terminal import terminal
from tests.hostile.attack import change, greenroom
from tests.hostile.canaries import Canary, canary, found
from tests.models.loopback import Reply, calls, failure, loopback, text
from tests.tui.rehearsing import Rehearsing, rehearse

DOORS = (
    "typed words", "reply", "reasoning", "words beside a call", "arguments", "argument names", "tool name", "result",
    "result key", "error", "refusal", "document", "file name", "memory", "planted memory", "answer reason", "edited arguments", "simulated result",
    "gate input", "gate output", "provider error", "environment", "command line", "typed in the repl", "abandon reason",
)  # fmt: skip
CANARIES = {door: canary(door) for door in DOORS}
TICKET = "tickets__create"
KEY = "sk-envsecret-" + CANARIES["environment"].needles[0][1]


NAMED = f"sizes-{CANARIES['file name'].needles[1][1]}-sk-proj-{CANARIES['file name'].needles[0][1]}.md"
"""A document whose name is a card number and a token; a slash or a line break cannot stand in one."""


def said(door: str) -> str:
    return CANARIES[door].said


def ticket(subject: str, **more: object) -> tuple[str, str]:
    return TICKET, json.dumps({"subject": subject, "body": "b", **more})


SCRIPT: tuple[Reply, ...] = (
    text(said("reply"), size=1, reasoning=said("reasoning")),
    text("Noted."),
    calls(
        ("orders__find", '{"email": "a@post.example"}'),
        ("orders__get", '{"order_id": 1001}'),
        ("orders__get", json.dumps({"order_id": said("refusal")})),
        (said("tool name")[:60], "{}"),
        ticket("s", **{said("argument names"): 1}),
        words=said("words beside a call"),
    ),
    text("Looked.", size=3),
    calls(ticket(said("arguments"))),
    text("Opened."),
    calls(ticket("simulated")),
    text("Opened."),
    calls(ticket("denied")),
    text("I see."),
    text("Gates."),
    failure(400, f"bad {said('provider error')} with {KEY}"),
)


class Attack:
    """One session with the answers a careless person gives, and everything it told its watchers."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.told: list[str] = []
        self._answers = iter(
            (
                ApprovalReply(decision="edit", arguments={"subject": said("edited arguments"), "body": "b"}),
                ApprovalReply(decision="allow"),
                ApprovalReply(decision="simulate", result={"ticket": said("simulated result")}),
                ApprovalReply(decision="deny", reason=said("answer reason")),
            )
        )
        session.bus.subscribe(self._see)

    def _see(self, item: object) -> None:
        if isinstance(item, TextArrived):
            self.told.append(item.text)
        elif isinstance(item, Record):
            self.told.append(item.event.model_dump_json())
            match item.event:
                case ApprovalRequested(step=step):
                    self.session.answer(step, next(self._answers))
                case GatePaused(step=step):
                    asyncio.get_running_loop().call_soon(self._pass, step)
                case _:
                    pass

    def _pass(self, step: str) -> None:
        door = {"input": "gate input", "output": "gate output"}.get(step.rpartition("/gate:")[2])
        reply = GateReply(action="edit", edit=said(door)) if door else GateReply(action="continue")
        self.session.pass_gate(step, reply)

    async def talk(self) -> None:
        await self.session.turn(said("typed words"))
        await self.session.turn(f"My name is {said('memory')}")
        for words in ("refund returns", "ticket", "ticket", "ticket"):
            await self.session.turn(words)
        self.session.set_mode("step")
        await self.session.turn("step by step")
        self.session.set_mode("run")
        with pytest.raises(ServiceUnavailable) as caught:
            await self.session.turn("go on")
        self.told.append(caught.value.line())
        self.session.abandon(said("abandon reason"))


def prepared(shop: Workspace, url: str) -> None:
    """Tools that talk too much, a document with secrets in its words and its name, and the model at `url`."""
    result = json.dumps({"orders": [said("result")], said("result key"): 1})
    change(shop.tools / "orders.py", r"    if not email\.strip\(\) and len.*\n.*\n", f"    return {result}\n")
    boom = f"raise RuntimeError({said('error')!r} + ' ' + __import__('os').environ['OPENAI_API_KEY'])"
    change(shop.tools / "orders.py", r"(    with database\(\) as connection:\n        order = _order)", f"    {boom}\n    with database() as connection:\n        order = _order")  # fmt: skip
    document = f"# Returns\n\n## Refund of {said('document')}\n\nrefund returns {said('document')}\n"
    (shop.knowledge / "returns.md").write_text(document, encoding="utf-8")
    (shop.knowledge / NAMED).write_text("# Sizes\n\n## Refund returns\n\nrefund returns of sizes\n", encoding="utf-8")
    settings = shop.root / "greenroom.toml"
    kept = re.sub(r"(?s)\[models\.hosted\].*?\n\n", "", settings.read_text(encoding="utf-8"))
    loop = f'\n[models.loop]\nuse = "openai/loop"\napi_base = "{url}"\nkey = "OPENAI_API_KEY"\n'
    settings.write_text(kept + loop, encoding="utf-8")
    trust(shop)
    change(shop.personas / "aria" / "persona.toml", r"fallback\s*=\s*\[[^\]]*\]", "fallback = []")


def plant(shop: Workspace) -> None:
    """A memory from before there was a policy that would have masked it."""
    store = Store.open(shop.make_state())
    memory = Memory(id="", segment="customer", subject="visitor", key="note", text=said("planted memory"))
    asyncio.run(StoreMemory(store, SystemClock(), RandomIds()).write(memory))
    store.close()


def files(*roots: Path) -> Iterator[tuple[str, bytes]]:
    """Every file with its bytes; names count as bytes too."""
    for root in roots:
        for path in sorted(root.rglob("*")):
            yield f"name of {path.name}", str(path.relative_to(root)).encode()
            if path.is_file():
                yield path.relative_to(root).as_posix(), path.read_bytes()


def attacked(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], str]:
    """What the session told whoever watched, and what the model was sent."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with loopback(SCRIPT) as url:
        prepared(shop, url)

        async def run() -> list[str]:
            attack = Attack(await open_session(shop, model="loop", instant=True, trusted=True))
            await attack.talk()
            await attack.session.aclose()
            return attack.told

        plant(shop)
        told = asyncio.run(run())
        return told, json.dumps([body for _, body in url.requests], ensure_ascii=False)


def wanted(*without: str) -> list[Canary]:
    return [one for door, one in CANARIES.items() if door not in without]


def test_canaries_are_seen_where_they_are() -> None:
    """The search itself: each form of each kind is found, and one door is not taken for another."""
    for door in DOORS:
        data = json.dumps({"x": said(door)}).encode()
        assert {line.rpartition(" ")[2] for line in found([CANARIES[door]], [("f", data)])} == {
            "token", "card", "jwt", "password", "code", "key"
        }  # fmt: skip
        assert found(wanted(door), [("f", data)]) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a Unix thing")
def test_no_byte_of_the_workspace_and_nothing_shown_holds_a_canary(
    shop: Workspace, sealed_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, asked = attacked(shop, monkeypatch)
    planted = {"tools/orders.py", "knowledge/returns.md", f"knowledge/{NAMED}", f"name of {NAMED}"}
    shown: list[tuple[str, bytes]] = [("watchers", "\n".join(told).encode()), ("prompts", asked.encode())]
    shown.append(("watchers joined", "".join(told).encode()))
    for command in (
        ("session", "show", "last"),
        ("session", "show", "last", "--json"),
        ("session", "list"),
        ("session", "verify", "last"),
        ("session", "export", "last", "--name", "canaries"),
        ("memory", "list"),
        ("knowledge", "list"),
        ("policy", "explain", "input", said("command line")),
        ("run", "aria", said("command line"), "--model", "scripted/helpdesk"),
    ):
        done = greenroom(shop.root, *command)
        assert done.returncode == 0, (command[:2], done.stderr)
        shown.append((" ".join(command[:2]), done.stdout + done.stderr))
    typed_in_the_repl(shop)
    shown += [("screen", data) for data in screen(shop)]
    written = [place for place in files(shop.root, sealed_home) if place[0] not in planted]
    # The store and its index hold documents and earlier memories as they are: retrieval finds them by their words.
    derived = [place for place in written if place[0].startswith(".greenroom/") and "sessions" not in place[0]]
    # So do the lists of what is in the store, which its owner asks for.
    at_rest = ("document", "file name", "planted memory")
    lists = [place for place in shown if place[0] in ("knowledge list", "memory list")]
    leaks = found(wanted(*at_rest), written + shown)
    rest = [place for place in written + shown if place not in derived + lists]
    leaks += found([CANARIES[door] for door in at_rest], rest)
    assert "\n".join(leaks) == ""
    names = {name for name, _ in written}
    for part in (
        r"canaries\.tape\.jsonl",
        r"\.parts/",
        r"store\.db$",
        r"chroma\.sqlite3",
        r"ledger\.jsonl",
        r"repl_history",
        r"data/",
    ):
        assert any(re.search(part, name) for name in names), part
    assert "‹token#1›" in "".join(told)


def typed_in_the_repl(shop: Workspace) -> None:
    """Say it on a real terminal, whose line editor shows what is typed; what stays is on disk."""
    with terminal(shop.root, "repl", "aria", "--model", "scripted/helpdesk") as hands:
        hands.until("Ctrl-D leaves")
        one_line = said("typed in the repl").replace("\n", " ")
        hands.type(f"please repeat my card number {one_line}\r")
        hands.until("policy   output")
        hands.type(f"/nonsense {one_line}\r")
        hands.until("unknown command")
        hands.type("/quit\r")
        hands.until("is kept")
        assert hands.code() == 0


def screen(shop: Workspace) -> list[bytes]:
    """All that the workbench shows of the session, folded or not, and its picture."""
    seen: list[str] = []

    async def scene(hands: Rehearsing) -> None:
        seen.append(hands.conversation)
        for name in ("Memory", "Retrieval", "Policy", "Tools", "Prompt", "Trace", "Usage"):
            seen.append(await hands.pane(name))
            picture = re.sub(r"<[^>]*>", "", hands.bench.export_screenshot())
            seen.append(picture.replace("&#160;", " "))

    rehearse(shop, scene, wanted=Wanted(session=first_session(shop)))
    return [part.encode() for part in seen]


def first_session(shop: Workspace) -> str:
    """The one the canaries were put into: the longest log."""
    return max(shop.sessions.glob("*.jsonl"), key=lambda path: path.stat().st_size).stem
