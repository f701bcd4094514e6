"""The shop's six tools over its database: what they return, what they refuse, and that nothing happens twice."""

from __future__ import annotations

import asyncio
import email
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.core.values import Json, ToolCall, ToolResult
from greenroom.tools.python_tools import PythonTools
from greenroom.workspace.create import init


class Shop:
    """A fresh copy of the workspace and its tools."""

    def __init__(self, root: Path) -> None:
        self.root = init(root).root
        self.tools = PythonTools(self.root / "tools", self.root)

    def call(self, tool: str, key: str = "", **arguments: Json) -> ToolResult:
        return asyncio.run(self.tools.call(ToolCall(id="c1", tool=tool, arguments=arguments), key))

    def done(self, tool: str, key: str = "", **arguments: Json) -> dict[str, Any]:
        result = self.call(tool, key, **arguments)
        assert result.status == "done", result.error
        assert isinstance(result.output, dict)
        return result.output

    def refused(self, tool: str, key: str = "", **arguments: Json) -> str:
        result = self.call(tool, key, **arguments)
        assert result.status == "failed"
        return result.error

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.root / ".greenroom" / "data" / "orders.db")) as database:
            return database.execute(sql).fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def test_there_are_six_tools_and_each_says_what_it_may_do(shop: Shop) -> None:
    said = {spec.name: (spec.effects, spec.reversible, spec.outbound) for spec in shop.tools.specs()}
    assert said == {
        "mail.send": ("once", False, True),
        "orders.change_address": ("once", True, False),
        "orders.find": ("none", False, False),
        "orders.get": ("none", False, False),
        "orders.refund": ("once", False, False),
        "tickets.create": ("once", True, False),
    }
    assert all(spec.description and spec.timeout_seconds <= 10 for spec in shop.tools.specs())


def test_a_model_never_sees_the_idempotency_key(shop: Shop) -> None:
    assert not [spec.name for spec in shop.tools.specs() if "idempotency" in str(spec.parameters)]


def test_there_are_200_orders_and_the_documented_ones_are_as_documented(shop: Shop) -> None:
    first = shop.done("orders.get", order_id=1001)
    assert (first["customer"], first["status"], first["total"], first["left"]) == ("Mara Lindt", "delivered", 120, 120)
    others = [shop.done("orders.get", order_id=number) for number in (1002, 1003, 1004, 1005, 1007)]
    assert [(order["status"], order["total"]) for order in others] == [
        ("delivered", 60),
        ("in transit", 128.9),
        ("cancelled", 349),
        ("processing", 179),
        ("delivered", 548),
    ]
    assert shop.rows("SELECT count(*), min(id), max(id) FROM orders") == [(200, 1001, 1200)]


def test_the_data_hang_together(shop: Shop) -> None:
    shop.done("orders.get", order_id=1001)
    assert shop.rows("PRAGMA foreign_key_check") == []
    assert shop.rows("SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM items)") == []
    assert shop.rows("SELECT id FROM orders WHERE (delivered_on <> '') <> (status IN ('delivered', 'returned'))") == []
    assert shop.rows("SELECT id FROM orders WHERE (shipped_on = '') <> (status IN ('processing', 'cancelled'))") == []
    in_order = "shipped_on <> '' AND shipped_on < ordered_on OR delivered_on <> '' AND delivered_on < shipped_on"
    assert shop.rows(f"SELECT id FROM orders WHERE {in_order} OR ordered_on > '2026-11-20'") == []


def test_the_same_seed_gives_the_same_shop(tmp_path: Path) -> None:
    one, other = Shop(tmp_path / "one"), Shop(tmp_path / "other")
    for shop in (one, other):
        shop.done("orders.get", order_id=1001)
    for table in ("customers", "products", "orders", "items"):
        assert one.rows(f"SELECT * FROM {table}") == other.rows(f"SELECT * FROM {table}")


def test_the_last_day_of_a_return_is_what_the_returns_page_says(shop: Shop) -> None:
    assert shop.done("orders.get", order_id=1001)["return_until"] == "2026-12-12"
    assert shop.done("orders.get", order_id=1003)["return_until"] == ""
    late = shop.rows("SELECT id FROM orders WHERE delivered_on <> '' AND ordered_on >= '2026-11-15'")
    assert [shop.done("orders.get", order_id=number)["return_until"] for (number,) in late] == ["2027-01-31"] * len(
        late
    )
    assert late


def test_orders_are_found_by_address_in_any_case_and_by_a_part_of_the_name(shop: Shop) -> None:
    by_mail = shop.done("orders.find", email="Mara.Lindt@POST.example")
    assert [order["order_id"] for order in by_mail["orders"]] == [1010, 1001, 1002]
    assert shop.done("orders.find", name="lindt") == by_mail
    assert shop.done("orders.find", name="Nobody At All")["summary"] == "no orders"
    assert shop.done("orders.find", name="er")["count"] == 10
    assert "two letters" in shop.refused("orders.find", name="x")


def test_an_address_that_is_given_is_not_widened_by_a_name(shop: Shop) -> None:
    assert shop.done("orders.find", email="nobody@post.example", name="er")["count"] == 0


@pytest.mark.parametrize("trick", ["' OR 1=1 --", "%", "_", "\\", "x'; DROP TABLE orders; --"])
def test_a_name_is_never_sql(shop: Shop, trick: str) -> None:
    shop.call("orders.find", name=trick + "zz")
    assert shop.done("orders.find", name=trick + "zz")["count"] == 0
    assert shop.done("orders.get", order_id=1001)["total"] == 120


def test_a_refund_is_paid_once_for_one_key(shop: Shop) -> None:
    first = shop.done("orders.refund", "key", order_id=1001, amount=90.0, reason="small")
    again = shop.done("orders.refund", "key", order_id=1001, amount=90.0, reason="small")
    assert first == again == {"refund_id": "R-0001", "order_id": 1001, "refunded": 90, "left": 30, "payment": "visa"}
    assert shop.rows("SELECT count(*), sum(amount_cents) FROM refunds") == [(1, 9000)]


def test_refunds_never_exceed_what_was_paid(shop: Shop) -> None:
    shop.done("orders.refund", "a", order_id=1001, amount=90.0, reason="r")
    assert "30.00 EUR" in shop.refused("orders.refund", "b", order_id=1001, amount=30.01, reason="r")
    assert shop.done("orders.refund", "c", order_id=1001, amount=30.0, reason="r")["left"] == 0
    assert shop.done("orders.get", order_id=1001)["refunded"] == 120


@pytest.mark.parametrize(
    ("order", "amount", "why"),
    [
        (1003, 10.0, "in transit"),
        (1004, 10.0, "cancelled"),
        (9999, 10.0, "no order"),
        (1001, 0.0, "0.01"),
        (1001, -5.0, "0.01"),
    ],
)
def test_a_refund_that_makes_no_sense_is_refused(shop: Shop, order: int, amount: float, why: str) -> None:
    assert why in shop.refused("orders.refund", "k", order_id=order, amount=amount, reason="r")
    assert shop.rows("SELECT count(*) FROM refunds") == [(0,)]


def test_two_refunds_at_once_with_one_key_pay_once(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        paid = list(
            pool.map(lambda _: shop.done("orders.refund", "k", order_id=1001, amount=20.0, reason="r"), range(8))
        )
    assert {result["refund_id"] for result in paid} == {"R-0001"}
    assert shop.rows("SELECT sum(amount_cents) FROM refunds") == [(2000,)]


def test_refunds_at_once_with_many_keys_stay_within_what_was_paid(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: shop.call("orders.refund", f"k{n}", order_id=1001, amount=50.0, reason="r"), range(8)))
    assert shop.rows("SELECT sum(amount_cents) FROM refunds") == [(10_000,)]


@settings(max_examples=30)
@given(amounts=st.lists(st.integers(1, 15_000), max_size=6))
def test_any_refunds_add_up_to_the_cent(tmp_path_factory: pytest.TempPathFactory, amounts: list[int]) -> None:
    shop = Shop(tmp_path_factory.mktemp("shops") / "shop")
    left = 12_000
    for number, amount in enumerate(amounts):
        result = shop.call("orders.refund", f"k{number}", order_id=1001, amount=amount / 100, reason="r")
        assert (result.status == "done") == (amount <= left)
        left -= amount if result.status == "done" else 0
    assert round(shop.done("orders.get", order_id=1001)["left"] * 100) == left


def test_an_address_changes_while_the_order_is_packed(shop: Shop) -> None:
    said = shop.done("orders.change_address", "k", order_id=1005, address="Seeweg 4,  24103 Kiel")
    assert said["address"] == "Seeweg 4, 24103 Kiel"
    assert said == shop.done("orders.change_address", "k", order_id=1005, address="Seeweg 4,  24103 Kiel")
    assert shop.done("orders.get", order_id=1005)["address"] == "Seeweg 4, 24103 Kiel"
    back = shop.done("orders.change_address", "k2", order_id=1005, address=said["before"])
    assert back["before"] == "Seeweg 4, 24103 Kiel"


def test_after_shipping_only_a_redirection_changes_it(shop: Shop) -> None:
    assert "shipped" in shop.refused("orders.change_address", "k", order_id=1003, address="Seeweg 4, 24103 Kiel")
    said = shop.done("orders.change_address", "k", order_id=1003, address="Seeweg 4, 24103 Kiel", redirect=True)
    assert said["fee"] == 4.5
    assert "delivered" in shop.refused("orders.change_address", "x", order_id=1001, address="Seeweg 4, 24103 Kiel")
    assert "postcode" in shop.refused("orders.change_address", "y", order_id=1005, address="home")


def test_one_key_opens_one_ticket(shop: Shop) -> None:
    first = shop.done("tickets.create", "k", subject="Zip\nbroken", body="It broke.")
    assert first == shop.done("tickets.create", "k", subject="Zip\nbroken", body="It broke.")
    assert first["subject"] == "Zip broken"
    assert shop.done("tickets.create", "k2", subject="Zip", body="b", priority="high")["ticket"] == "T-0002"
    assert "subject" in shop.refused("tickets.create", "k3", subject="  ", body="b")
    assert shop.call("tickets.create", "k4", subject="s", body="b", priority="urgent").status == "invalid"


def test_a_mail_is_a_file_in_the_outbox_and_one_key_writes_one(shop: Shop) -> None:
    said = shop.done("mail.send", "k", to="mara.lindt@post.example", subject="Größe 42", body="Hello Mära\n")
    assert said == shop.done("mail.send", "k", to="mara.lindt@post.example", subject="Größe 42", body="Hello Mära\n")
    assert [file.name for file in (shop.root / "outbox").iterdir()] == ["0001.eml"]
    message = email.message_from_bytes((shop.root / said["mail"]).read_bytes(), policy=default)
    assert (message["To"], message["Subject"], message.get_content()) == (
        "mara.lindt@post.example",
        "Größe 42",
        "Hello Mära\n",
    )


@pytest.mark.parametrize(
    "to",
    [
        "",
        "mara",
        "a@b",
        "a@b.example, c@d.example",
        "a@b.example\nBcc: c@d.example",
        "<a@b.example>",
        "../x@b.example/",
    ],
)
def test_a_mail_goes_to_exactly_one_address(shop: Shop, to: str) -> None:
    shop.done("orders.get", order_id=1001)
    assert "one e-mail address" in shop.refused("mail.send", "k", to=to, subject="s", body="b")
    assert not (shop.root / "outbox").exists()


def test_a_subject_cannot_add_a_header(shop: Shop) -> None:
    assert "one line" in shop.refused("mail.send", "k", to="a@b.example", subject="s\r\nBcc: c@d.example", body="b")


def test_processes_that_make_the_database_at_once_agree_on_one(shop: Shop) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path; from greenroom.core.values import ToolCall;"
        "from greenroom.tools.python_tools import PythonTools; root = Path(sys.argv[1]);"
        "tools = PythonTools(root / 'tools', root);"
        "args = {'order_id': 1001, 'amount': 10.0, 'reason': 'r'};"
        "print(asyncio.run(tools.call(ToolCall(id='c', tool='orders.refund', arguments=args), sys.argv[2])).status)"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(shop.root), f"k{n}"], stdout=subprocess.PIPE, text=True)
        for n in range(3)
    ]
    assert [process.communicate()[0].strip() for process in started] == ["done"] * 3
    assert shop.rows("SELECT count(*) FROM refunds") == [(3,)]
    assert sorted(path.name for path in (shop.root / ".greenroom" / "data").iterdir()) == ["orders.db"]


def test_a_database_that_could_not_be_filled_is_not_there(shop: Shop) -> None:
    (shop.root / "data" / "items.csv").unlink()
    assert shop.call("orders.get", order_id=1001).status == "failed"
    assert list((shop.root / ".greenroom" / "data").iterdir()) == []
