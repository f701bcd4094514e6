"""Card numbers and keys typed into what the debugger asks for: they reach no log, file, export or line."""

import asyncio
from pathlib import Path

import pytest

from greenroom.assembly import open_session
from greenroom.core.errors import UsageError
from greenroom.engine.gates.breakpoints import compiled
from greenroom.workspace.layout import Workspace
from tests.hostile.attack import greenroom, line_of

TOKEN = "sk-proj-T0K0123456789Zq0123456789"


CARD = "4539 5787 6362 1486"


def holding(what: str, *folders: Path) -> list[str]:
    """Which files hold it, digits together or apart."""
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in files if what.replace(" ", "").encode() in path.read_bytes().replace(b" ", b"")]


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_what_is_masked_in_the_sessions_of_a_comparison_stands_in_none_of_its_tables(
    shop: Workspace, tmp_path: Path, how: list[str]
) -> None:
    (tmp_path / "in.txt").write_text(f"Hello, my card is {CARD} and my token {TOKEN}\n")
    out = tmp_path / "out"
    done = greenroom(
        shop.root, "compare", "--persona", "aria", "--persona", "aria@1.3.0", "--input", str(tmp_path / "in.txt"),
        "--csv", str(out / "table.csv"), "--out", str(out), *how,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {"table.csv", "runs.csv", "comparison.json", "table.txt"}
    for secret in (CARD, TOKEN):
        assert holding(secret, out, shop.state) == []
        assert secret.encode() not in done.stdout + done.stderr
    assert "‹card#1›" in (out / "runs.csv").read_text()


@pytest.mark.parametrize("secret", ["4111 1111 1111 1111", TOKEN])
@pytest.mark.parametrize("where", ['turn > 0 || tool.name == "{}"', 'nothing.such == "{}"', '"{}'])
def test_a_condition_with_a_secret_is_not_taken_and_not_said_back(secret: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        compiled(where.format(secret))
    assert secret not in caught.value.line()


def test_no_breakpoint_keeps_a_secret(shop: Workspace) -> None:
    when = f'turn > 0 || tool.name == "{TOKEN}"'
    for words in (["breakpoint", "add", when], ["run", "aria", "hello", "--break", when]):
        done = greenroom(shop.root, *words)
        assert done.returncode == 2
        assert "must not hold a secret (token)" in line_of(done)
        assert TOKEN not in line_of(done)
    assert holding(TOKEN, shop.state) == []


@pytest.mark.parametrize(
    "given", [f"api_key={TOKEN}", "api_base=http://evil.example", 'extra_headers={"a":"b"}', f"user={TOKEN}"]
)
def test_a_rerun_takes_no_key_or_address_as_a_parameter(shop: Workspace, given: str) -> None:
    async def talk() -> None:
        session = await open_session(shop, persona="aria", instant=True)
        await session.turn("hello")
        await session.aclose()

    asyncio.run(talk())
    done = greenroom(shop.root, "session", "rerun", "last", "--set", given)
    assert done.returncode == 2
    assert TOKEN not in line_of(done)
    assert len(list(shop.sessions.glob("*.jsonl"))) == 1
    assert holding(TOKEN, shop.state) == []
