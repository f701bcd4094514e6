"""A key or a card number reaches neither log, store, screen nor the next model call, wherever it came from.

The model is a real HTTP server that says what a hostile one would say.
"""

import asyncio
import json
import re
from collections.abc import Sequence

import pytest

from greenroom.approval.automatic import DenyAll
from greenroom.assembly import open_session
from greenroom.commands.session.as_data import as_data
from greenroom.commands.session.sessions import conversation, timeline
from greenroom.core.errors import ServiceUnavailable
from greenroom.core.events import Record
from greenroom.core.signals import TextArrived
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import change
from tests.models.loopback import Reply, calls, failure, loopback, text

CARD, DASHED = "4242 4242 4242 4242", "5105-1051-0510-5100"
TOKEN, HUB = "sk-proj-ZYXWVUTSRQPONMLKJIHG9876543210", "ghp_zyxwvutsrqponmlk9876543210abcdefghij"
KEY = "sk-envsecret-0123456789ABCDEFGHIJ"
NEEDLES = (CARD, CARD.replace(" ", ""), DASHED, DASHED.replace("-", ""), TOKEN, HUB, KEY, "4242 4242", "5105-1051")
FIND = "orders__find"


def leaks(
    shop: Workspace, script: Sequence[Reply], words: str, monkeypatch: pytest.MonkeyPatch, key: str = KEY
) -> set[str]:
    """Needles found in what one turn kept, showed, or sent to the model again."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    shown: list[str] = []

    async def talk(session_model: str) -> list[Record]:
        session = await open_session(shop, model=session_model, instant=True, trusted=True, approver=DenyAll())
        session.bus.subscribe(lambda item: shown.append(item.text) if isinstance(item, TextArrived) else None)
        try:
            await session.turn(words)
        except ServiceUnavailable as error:
            shown.append(error.line())
        finally:
            await session.aclose()
        return list(session.records)

    with loopback(script) as url:
        settings = shop.root / "greenroom.toml"
        settings.write_text(
            re.sub(r"(?s)\[models\.hosted\].*?\n\n", "", settings.read_text(encoding="utf-8"))
            + f'\n[models.loop]\nuse = "openai/loop"\napi_base = "{url}"\nkey = "OPENAI_API_KEY"\n',
            encoding="utf-8",
        )
        change(shop.personas / "aria" / "persona.toml", r"fallback\s*=\s*\[[^\]]*\]", "fallback = []")
        records = asyncio.run(talk("loop"))
        asked = json.dumps([body for _, body in url.requests], ensure_ascii=False)
    told = [*conversation(records), *timeline(records), *(json.dumps(as_data(record)) for record in records)]
    kept = b"".join(path.read_bytes() for path in shop.state.rglob("*") if path.is_file())
    everything = "\n".join([*told, "".join(shown), asked, kept.decode("utf-8", "replace")])
    return {needle for needle in (*NEEDLES, key) if needle in everything}


def failing(shop: Workspace, body: str) -> None:
    """Give `orders.find` another body."""
    change(shop.tools / "orders.py", r"    if not email\.strip\(\) and len.*\n.*\n", f"    {body}\n")


SAID = f"Your card {CARD}, the other {DASHED}, and the key {TOKEN}."
SCRIPTS: dict[str, tuple[Reply, ...]] = {
    "a letter at a time": (text(SAID, size=1, reasoning=SAID),),
    "three at a time": (text(SAID, size=3),),
    "arguments": (calls(("tickets__create", json.dumps({"subject": TOKEN, "body": DASHED}))), text("done")),
    "argument names": (calls(("tickets__create", json.dumps({CARD: 1, "subject": {TOKEN: [DASHED]}}))), text("done")),
    "numbers": (calls(("orders__get", '{"order_id": 4242424242424242, "x": 4242424242424242.0}')), text("done")),
    "tool names": (calls((CARD, "{}"), (TOKEN, "{}"), (f"pay {DASHED} now", "{}")), text("done")),
    "broken arguments": (
        calls(("orders__get", '{"order_id": ' + CARD), ("orders__get", f'{{"order_id": "{CARD}"}}')),
        text("done"),
    ),
    "refusal": (failure(400, f"bad key {KEY} or {TOKEN} for card {CARD}"),),
    "too large to look at": (text("x " * 600_000 + CARD, size=100_000),),
    "too large a name": (calls(("x" * 1_100_000 + CARD.replace(" ", ""), "{}")), text("done")),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_what_a_model_says(shop: Workspace, script: tuple[Reply, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    assert leaks(shop, script, "hello", monkeypatch) == set()


PHRASE = "quiet.harbour.lantern.no.detector.knows"
ECHOES: dict[str, tuple[Reply, ...]] = {
    "a letter at a time": (text(f"Your key is {PHRASE}.", size=1, reasoning=f"I hold {PHRASE}"),),
    "cut in the middle": (text(f"Your key is {PHRASE}{PHRASE}", size=17),),
    "a tool call": (calls((FIND, json.dumps({"email": PHRASE, PHRASE: [PHRASE]})), (PHRASE, "{}")), text("done")),
}


@pytest.mark.parametrize("script", ECHOES.values(), ids=ECHOES)
def test_the_own_key_that_a_model_says_back(
    shop: Workspace, script: tuple[Reply, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leaks(shop, script, "hello", monkeypatch, PHRASE) == set()


def test_what_a_person_types(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"my name is {TOKEN}, my card {CARD} or {DASHED}, {HUB} and {KEY}"
    assert leaks(shop, (text("fine"),), words, monkeypatch) == set()


@pytest.mark.parametrize(
    "body",
    [
        f'raise RuntimeError("no {CARD} {TOKEN} {KEY}")',
        f'raise ValueError("no {CARD} {TOKEN} {KEY}")',
        f'return {{"{CARD}": ["{TOKEN}", {{"{DASHED}": 4242424242424242, "f": 4242424242424242.0}}]}}',
        f'return {{"text": "x" * 30_000 + "{CARD}"}}',
    ],
    ids=["error", "refusal", "result", "long"],
)
def test_what_a_tool_says(shop: Workspace, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(shop, body)
    script = (calls((FIND, '{"email": "a@post.example"}')), text("done"))
    assert leaks(shop, script, "hello", monkeypatch) == set()


def test_what_a_document_holds_is_not_told(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.knowledge / "returns.md").write_text(
        f"# Returns {HUB}\n\n## Refund {CARD}\n\nrefund to {DASHED} with {TOKEN}\n", encoding="utf-8"
    )
    leaks(shop, (text("done"),), "refund returns", monkeypatch)
    log = next(shop.sessions.glob("*.jsonl")).read_text(encoding="utf-8")
    assert "returns.md" in log
    assert {needle for needle in (*NEEDLES, "4242-4242") if needle in log} == set()
