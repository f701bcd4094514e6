"""Tickets for people, and mail into the folder outbox/ (nothing is sent: another program would pick it up).

Invariant: one idempotency key makes one ticket or one mail, and a mail has exactly one recipient.
"""

from __future__ import annotations

import re
from email.message import EmailMessage
from typing import Any, Literal

from _shop import WORKSPACE, database

from greenroom.tools import tool

OUTBOX = WORKSPACE / "outbox"
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


@tool(name="tickets.create", effects="once", reversible=True, sensitivity="personal", timeout=5)
def create(
    subject: str, body: str, priority: Literal["normal", "high"] = "normal", *, idempotency_key: str = ""
) -> dict[str, Any]:
    """Open a ticket for the support team, who answer within one working day.

    Args:
        subject: What it is about, in one line.
        body: What the customer told, so that they need not tell it again.
        priority: "high" for recalls, complaints and anything that is broken twice.
        idempotency_key: The same key opens one ticket.
    """
    title = " ".join(subject.split())
    if not title:
        raise ValueError("A ticket needs a subject.")
    with database() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO tickets(subject, body, priority, idempotency_key) VALUES (?, ?, ?, ?)",
            (title, body, priority, idempotency_key or None),
        )
        row = connection.execute(
            "SELECT * FROM tickets WHERE idempotency_key = ? OR (? = '' AND id = last_insert_rowid())",
            (idempotency_key, idempotency_key),
        ).fetchone()
    return {"ticket": f"T-{row['id']:04d}", "subject": row["subject"], "priority": row["priority"]}


@tool(name="mail.send", effects="once", reversible=False, outbound=True, sensitivity="personal", timeout=5)
def send(to: str, subject: str, body: str, *, idempotency_key: str = "") -> dict[str, Any]:
    """Send an e-mail from help@northwind.example.

    Args:
        to: One e-mail address.
        subject: The subject, in one line.
        body: Plain text.
        idempotency_key: The same key sends one mail.
    """
    if not _ADDRESS.fullmatch(to):
        raise ValueError("Give exactly one e-mail address.")
    if "\n" in subject or "\r" in subject:
        raise ValueError("A subject is one line.")
    with database() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO mails(recipient, subject, body, idempotency_key) VALUES (?, ?, ?, ?)",
            (to, subject, body, idempotency_key or None),
        )
        row = connection.execute(
            "SELECT * FROM mails WHERE idempotency_key = ? OR (? = '' AND id = last_insert_rowid())",
            (idempotency_key, idempotency_key),
        ).fetchone()
        file = _write(row["id"], row["recipient"], row["subject"], row["body"])
    return {"mail": file, "to": row["recipient"], "subject": row["subject"]}


def _write(number: int, to: str, subject: str, body: str) -> str:
    """Put the mail into the outbox; writing the same number again writes the same bytes."""
    message = EmailMessage()
    message["From"] = "Aria at Northwind <help@northwind.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{number:04d}@northwind.example>"
    message.set_content(body)
    OUTBOX.mkdir(exist_ok=True)
    file = OUTBOX / f"{number:04d}.eml"
    file.write_bytes(message.as_bytes())
    return f"outbox/{file.name}"
