"""What each built-in detector finds, and what none of them can, in words for people.

Invariant: every kind there is has its sentence.
"""

from __future__ import annotations

ABOUT = {
    "personal.email": "e-mail addresses, in Latin, Cyrillic and Greek letters",
    "personal.card": "card numbers of 13 to 19 digits: a known issuer, its length, the Luhn checksum",
    "personal.iban": "bank accounts: IBANs with their country's length and the mod-97 checksum",
    "personal.phone": "phone numbers with + or 00 and a country (E.164)",
    "personal.ip": "IPv4 and IPv6 addresses, but no versions or section numbers",
    "secret.jwt": "JSON web tokens, signed or encrypted",
    "secret.pem": "private keys between -----BEGIN and -----END",
    "secret.token": "access tokens by their prefix, about 50 of them (sk-, ghp_, AKIA, xoxb-, glpat- ...)",
    "secret.keyed": "values that look random beside a word such as password, in URLs and Bearer headers",
    "text.control": "control, bidi, tag and zero-width characters",
    "link.mismatch": "links in Markdown and HTML that show one host and go to another",
    "injection.hint": "phrases that give orders to a model; a hint that raises risk, never a control",
    "voice.never": "the words that a persona's contract rules out, in replies",
}
"""By kind."""

LIMITS = (
    "Names of people, street addresses, dates of birth, health and other facts in plain words: no pattern knows them.",
    "Phone numbers in national form (0170 1234567, (212) 555-0123), and account numbers that are not IBANs.",
    "Passwords that are words, shorter than 8 characters, or stand beside no keyword; codes spoken about in a sentence.",
    "Secrets without a known prefix and without a keyword beside them, and a secret cut into pieces with words between.",
    "What is spelled out, reversed, translated or encoded (base64, ROT13, images, attachments).",
    "Links whose words name no host, reference links, and shortened addresses.",
    "Instructions to the model in other words than a few fixed phrases; these hints flag honest writing about security too.",
    "Injection hints only ever raise the risk: they are no control. The envelope, taint and approvals are.",
)
"""What the pack does not find, one sentence each."""
