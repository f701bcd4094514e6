"""The shop's database: 200 orders from data/*.csv, made on first use in .greenroom/data/orders.db.

Invariant: the file appears whole or not at all, and a second process that makes it at the same time never replaces it.
"""

from __future__ import annotations

import csv
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

WORKSPACE = Path(__file__).resolve().parent.parent
DATABASE = WORKSPACE / ".greenroom" / "data" / "orders.db"

_SCHEMA = """
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, address TEXT NOT NULL,
                       shoe_size TEXT NOT NULL);
CREATE TABLE products(sku TEXT PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers(id), status TEXT NOT NULL,
                    ordered_on TEXT NOT NULL, shipped_on TEXT NOT NULL, delivered_on TEXT NOT NULL,
                    shipping_cents INTEGER NOT NULL, payment TEXT NOT NULL, tracking TEXT NOT NULL, address TEXT NOT NULL);
CREATE TABLE items(order_id INTEGER NOT NULL REFERENCES orders(id), sku TEXT NOT NULL REFERENCES products(sku),
                   size TEXT NOT NULL, quantity INTEGER NOT NULL, price_cents INTEGER NOT NULL);
CREATE TABLE refunds(id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders(id),
                     amount_cents INTEGER NOT NULL CHECK(amount_cents > 0), reason TEXT NOT NULL,
                     idempotency_key TEXT UNIQUE, made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE address_changes(id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders(id),
                             before TEXT NOT NULL, after TEXT NOT NULL, redirect INTEGER NOT NULL,
                             idempotency_key TEXT UNIQUE);
CREATE TABLE tickets(id INTEGER PRIMARY KEY, subject TEXT NOT NULL, body TEXT NOT NULL, priority TEXT NOT NULL,
                     idempotency_key TEXT UNIQUE);
CREATE TABLE mails(id INTEGER PRIMARY KEY, recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
                   idempotency_key TEXT UNIQUE);
CREATE INDEX items_by_order ON items(order_id);
CREATE INDEX refunds_by_order ON refunds(order_id);
"""


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """A connection inside one write transaction: kept when the block ends well, undone when it raises."""
    if not DATABASE.exists():
        _make()
    with closing(sqlite3.connect(DATABASE, timeout=10, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def cents(euros: float) -> int:
    """Money as the database keeps it."""
    return round(euros * 100)


def euros(amount_cents: int) -> int | float:
    """Money as a person reads it: 120, or 59.9."""
    return amount_cents // 100 if amount_cents % 100 == 0 else amount_cents / 100


def money(amount_cents: int) -> str:
    """Money in a sentence: `120.00 EUR`."""
    return f"{amount_cents // 100}.{amount_cents % 100:02d} EUR"


def _make() -> None:
    """Build the file beside its place and link it there; whoever comes second keeps the first one's file."""
    DATABASE.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=DATABASE.parent, prefix="orders-", suffix=".new")
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as connection:
            connection.executescript(_SCHEMA)
            _fill(connection)
            connection.commit()
        try:
            os.link(name, DATABASE)
        except FileExistsError:
            return
    finally:
        Path(name).unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection) -> None:
    customers = _rows("customers")
    homes = {row["id"]: row["address"] for row in customers}
    connection.executemany("INSERT INTO customers VALUES (:id, :name, :email, :address, :shoe_size)", customers)
    connection.executemany(
        "INSERT INTO products VALUES (?, ?, ?)",
        [(row["sku"], row["name"], cents(float(row["price"]))) for row in _rows("products")],
    )
    connection.executemany(
        "INSERT INTO orders VALUES (:id, :customer, :status, :ordered_on, :shipped_on, :delivered_on, :cents, :payment,"
        " :tracking, :home)",
        [{**row, "cents": cents(float(row["shipping"])), "home": homes[row["customer"]]} for row in _rows("orders")],
    )
    connection.executemany(
        "INSERT INTO items VALUES (:order_id, :sku, :size, :quantity, :cents)",
        [{**row, "cents": cents(float(row["price"]))} for row in _rows("items")],
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (WORKSPACE / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
