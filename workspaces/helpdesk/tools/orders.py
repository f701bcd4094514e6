"""Orders of the shop: find, look at, refund, send elsewhere.

Invariant: the refunds of an order never add up to more than was paid, and one idempotency key refunds once.
"""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from typing import Any

from _shop import cents, database, euros, money

from greenroom.tools import tool

RETURN_DAYS = 30


@tool(name="orders.find", effects="none", sensitivity="personal", timeout=5)
def find(email: str = "", name: str = "") -> dict[str, Any]:
    """Find the orders of a customer, newest first, at most ten.

    Args:
        email: The customer's e-mail address.
        name: The customer's name or a part of it, if the e-mail address is not known.
    """
    if not email.strip() and len(name.strip()) < 2:
        raise ValueError("Give an e-mail address, or a name of at least two letters.")
    with database() as connection:
        rows = connection.execute(
            "SELECT o.id, o.status, o.ordered_on, c.name FROM orders o JOIN customers c ON c.id = o.customer"
            " WHERE (? <> '' AND lower(c.email) = lower(?)) OR (? = '' AND instr(lower(c.name), lower(?)) > 0)"
            " ORDER BY o.ordered_on DESC, o.id DESC LIMIT 10",
            (email.strip(), email.strip(), email.strip(), name.strip()),
        ).fetchall()
    orders = [
        {"order_id": row["id"], "customer": row["name"], "status": row["status"], "ordered_on": row["ordered_on"]}
        for row in rows
    ]
    listed = ", ".join(f"{order['order_id']} ({order['status']})" for order in orders)
    return {"count": len(orders), "orders": orders, "summary": listed or "no orders"}


@tool(name="orders.get", effects="none", sensitivity="personal", timeout=5)
def get(order_id: int) -> dict[str, Any]:
    """Look at one order: customer, status, items, dates, total and what was refunded.

    Args:
        order_id: The order number, four digits.
    """
    with database() as connection:
        order = _order(connection, order_id)
        items = connection.execute(
            "SELECT p.name, i.size, i.quantity, i.price_cents FROM items i JOIN products p ON p.sku = i.sku"
            " WHERE i.order_id = ? ORDER BY i.rowid",
            (order_id,),
        ).fetchall()
        total, refunded = _paid(connection, order_id), _refunded(connection, order_id)
    return {
        "order_id": order_id,
        "customer": order["name"],
        "email": order["email"],
        "status": order["status"],
        "ordered_on": order["ordered_on"],
        "delivered_on": order["delivered_on"],
        "return_until": _return_until(order["ordered_on"], order["delivered_on"]),
        "tracking": order["tracking"],
        "address": order["address"],
        "payment": order["payment"],
        "items": [_item(row) for row in items],
        "contents": ", ".join(_named(row) for row in items),
        "total": euros(total),
        "refunded": euros(refunded),
        "left": euros(total - refunded),
    }


@tool(name="orders.refund", effects="once", reversible=False, sensitivity="personal", timeout=10)
def refund(order_id: int, amount: float, reason: str, *, idempotency_key: str = "") -> dict[str, Any]:
    """Pay money back for an order, to the way it was paid. Cannot be undone.

    Args:
        order_id: The order number, four digits.
        amount: How much to pay back, in EUR.
        reason: Why, in a few words.
        idempotency_key: The same key refunds once.
    """
    wanted = cents(amount)
    with database() as connection:
        if done := _earlier(connection, "refunds", idempotency_key):
            return _receipt(connection, done)
        order = _order(connection, order_id)
        if order["status"] not in ("delivered", "returned"):
            raise ValueError(f"Order {order_id} is {order['status']}; only a delivered order can be refunded.")
        left = _paid(connection, order_id) - _refunded(connection, order_id)
        if not 0 < wanted <= left:
            raise ValueError(f"Between 0.01 and {money(left)} can be refunded for order {order_id}.")
        connection.execute(
            "INSERT INTO refunds(order_id, amount_cents, reason, idempotency_key) VALUES (?, ?, ?, ?)",
            (order_id, wanted, reason, idempotency_key or None),
        )
        made = connection.execute("SELECT * FROM refunds WHERE id = last_insert_rowid()").fetchone()
        return _receipt(connection, made)


@tool(name="orders.change_address", effects="once", reversible=True, sensitivity="personal", timeout=10)
def change_address(order_id: int, address: str, redirect: bool = False, *, idempotency_key: str = "") -> dict[str, Any]:
    """Send an order to another address. Free until it is shipped; after that the carrier redirects it for 4.50 EUR.

    Args:
        order_id: The order number, four digits.
        address: Street and number, postcode and town, country.
        redirect: True when the order has been shipped and the carrier must be asked.
        idempotency_key: The same key changes the address once.
    """
    after = " ".join(address.split())
    with database() as connection:
        if done := _earlier(connection, "address_changes", idempotency_key):
            return _change(done["order_id"], done["before"], done["after"], bool(done["redirect"]))
        order = _order(connection, order_id)
        if not 8 <= len(after) <= 200:
            raise ValueError("An address has a street and number, a postcode and a town.")
        if order["status"] == "in transit" and not redirect:
            raise ValueError(f"Order {order_id} has been shipped; only the carrier can redirect it, for 4.50 EUR.")
        if order["status"] not in ("processing", "in transit"):
            raise ValueError(f"Order {order_id} is {order['status']}; its address can no longer be changed.")
        connection.execute("UPDATE orders SET address = ? WHERE id = ?", (after, order_id))
        connection.execute(
            "INSERT INTO address_changes(order_id, before, after, redirect, idempotency_key) VALUES (?, ?, ?, ?, ?)",
            (order_id, order["address"], after, redirect, idempotency_key or None),
        )
        return _change(order_id, order["address"], after, redirect)


def _order(connection: sqlite3.Connection, order_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT o.*, c.name, c.email FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id = ?", (order_id,)
    ).fetchone()
    if row is None:
        raise ValueError(f"There is no order {order_id}.")
    return row


def _earlier(connection: sqlite3.Connection, table: str, key: str) -> sqlite3.Row | None:
    """The row an earlier call with this key wrote. `table` is one of this module's own names, never foreign text."""
    if not key:
        return None
    row: sqlite3.Row | None = connection.execute(
        f"SELECT * FROM {table} WHERE idempotency_key = ?",  # noqa: S608 - see above
        (key,),
    ).fetchone()
    return row


def _paid(connection: sqlite3.Connection, order_id: int) -> int:
    row = connection.execute(
        "SELECT o.shipping_cents + sum(i.quantity * i.price_cents) FROM orders o JOIN items i ON i.order_id = o.id"
        " WHERE o.id = ? GROUP BY o.id",
        (order_id,),
    ).fetchone()
    return int(row[0])


def _refunded(connection: sqlite3.Connection, order_id: int) -> int:
    row = connection.execute("SELECT coalesce(sum(amount_cents), 0) FROM refunds WHERE order_id = ?", (order_id,))
    return int(row.fetchone()[0])


def _receipt(connection: sqlite3.Connection, made: sqlite3.Row) -> dict[str, Any]:
    order_id = made["order_id"]
    left = _paid(connection, order_id) - _refunded(connection, order_id)
    payment = connection.execute("SELECT payment FROM orders WHERE id = ?", (order_id,)).fetchone()[0]
    return {
        "refund_id": f"R-{made['id']:04d}",
        "order_id": order_id,
        "refunded": euros(made["amount_cents"]),
        "left": euros(left),
        "payment": payment,
    }


def _change(order_id: int, before: str, after: str, redirect: bool) -> dict[str, Any]:
    return {"order_id": order_id, "before": before, "address": after, "fee": 4.5 if redirect else 0}


def _item(row: sqlite3.Row) -> dict[str, Any]:
    return {"name": row["name"], "size": row["size"], "quantity": row["quantity"], "price": euros(row["price_cents"])}


def _named(row: sqlite3.Row) -> str:
    often = f"{row['quantity']} x " if row["quantity"] > 1 else ""
    return f"{often}{row['name']}" + (f" (size {row['size']})" if row["size"] else "")


def _return_until(ordered_on: str, delivered_on: str) -> str:
    """The last day as returns.md has it: 30 days after delivery, and 31 January for what was bought before Christmas."""
    if not delivered_on:
        return ""
    ordered = date.fromisoformat(ordered_on)
    last = date.fromisoformat(delivered_on) + timedelta(days=RETURN_DAYS)
    if date(ordered.year, 11, 15) <= ordered <= date(ordered.year, 12, 24):
        last = max(last, date(ordered.year + 1, 1, 31))
    return last.isoformat()
