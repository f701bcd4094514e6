"""Ed25519 signatures over the head of the ledger; the one place that knows the `cryptography` package.

Invariant: the private key comes from the environment, is never written anywhere, and stands in no message.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from greenroom.core.canonical import canonical
from greenroom.core.errors import FileInvalid, LogDamaged, ServiceUnavailable
from greenroom.ledger.entries import SIGNED, Line
from greenroom.workspace.settings import AuditSettings, Environment, secret_if_set

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNING_KEY = "GREENROOM_SIGNING_KEY"
"""The variable a new key is proposed for; the one that is read is what greenroom.toml names."""

_FALSE = "ledger.signature"
_PURPOSE = "greenroom ledger head/1"
"""Part of what is signed, so that no signature made for something else fits."""


class Signer(Protocol):
    """Whoever can sign a head."""

    @property
    def public(self) -> str:
        """The public key, as base64."""
        ...

    def signs(self, line: Line) -> dict[str, str]:
        """`head`, `key` and `signature` over a line of the ledger and with it over all before."""
        ...


class KeySigner:
    """Signs with an Ed25519 key held in memory."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = b64encode(key.public_key().public_bytes_raw()).decode()

    @property
    def public(self) -> str:
        return self._public

    def signs(self, line: Line) -> dict[str, str]:
        signature = self._key.sign(_signed(line["seq"], line["hash"]))
        return {"head": line["hash"], "key": self._public, "signature": b64encode(signature).decode()}


class KeyPair(NamedTuple):
    """A new key pair, each half 32 bytes as base64. The private half is for the environment alone."""

    private: str
    public: str


def new_key_pair() -> KeyPair:
    """Draw a key pair.

    Raises:
        ServiceUnavailable: the `cryptography` package is missing.
    """
    key = _ed25519().Ed25519PrivateKey.generate()
    return KeyPair(b64encode(key.private_bytes_raw()).decode(), KeySigner(key).public)


def signer_of(audit: AuditSettings, environment: Environment | None = None) -> KeySigner | None:
    """The signer greenroom.toml asks for, if its key is in the environment.

    Raises:
        FileInvalid: what is there is no key, or not the one whose public half greenroom.toml names.
        ServiceUnavailable: the `cryptography` package is missing.
    """
    seed = secret_if_set(audit.key, environment)
    if not seed:
        return None
    signer = KeySigner(_ed25519().Ed25519PrivateKey.from_private_bytes(_seed(seed, audit.key)))
    if audit.public and signer.public not in audit.public:
        hint = f'its public half is "{signer.public}"'
        raise FileInvalid("is not a key that audit.public names", where=audit.key, hint=hint, code="audit.other_key")
    return signer


def fits(seq: int, head: str, key: str, signature: str) -> bool:
    """Whether `signature` is that of `key` over the head `head` at entry `seq`.

    Raises:
        ServiceUnavailable: the `cryptography` package is missing.
    """
    ed25519 = _ed25519()
    from cryptography.exceptions import InvalidSignature

    try:
        public = ed25519.Ed25519PublicKey.from_public_bytes(b64decode(key, validate=True))
        public.verify(b64decode(signature, validate=True), _signed(seq, head))
    except (InvalidSignature, ValueError):
        return False
    return True


def signed_up_to(lines: Sequence[Line], public: Sequence[str], *, every: bool = False) -> int:
    """The last entry that a signature covers (-1: none). Only the last signature is checked, or `every` one.

    A signature covers all before it, whoever wrote that; `signed_at_once` tells what the key's holder wrote.

    Args:
        lines: the ledger, verified.
        public: the keys whose signatures count; when empty, each signature counts as that of its own key.
        every: check them all, the last one first.

    Raises:
        LogDamaged: a signature is none, or by another key; names the line.
        ServiceUnavailable: there are signatures, and the `cryptography` package is missing.
    """
    top = -1
    for line in reversed(lines):
        if line["entry"]["kind"] == SIGNED:
            check_signature(line, public)
            top = max(top, line["seq"] - 1)
            if not every:
                break
    return top


def signed_at_once(lines: Sequence[Line]) -> Iterator[Line]:
    """Each entry that was signed as it was written, newest first; its signature is the line behind it.

    The others were written without the key; a signature that came later only says that they were there by then. An
    entry and its signature are one write and have one time, which nobody can guess who waits for a signature to come.
    """
    for line, behind in zip(reversed(lines[:-1]), reversed(lines[1:]), strict=True):
        if behind["entry"]["kind"] == SIGNED and line["entry"]["kind"] != SIGNED and line["at"] == behind["at"]:
            yield line


def check_signature(line: Line, public: Sequence[str]) -> None:
    """Check one signature entry. Raises as `signed_up_to`."""
    entry, number = line["entry"], line["seq"] + 1
    if entry["head"] != line["prev"] or not fits(line["seq"] - 1, entry["head"], entry["key"], entry["signature"]):
        raise LogDamaged(f"the signature at line {number} of the ledger is false", line_number=number, code=_FALSE)
    if public and entry["key"] not in public:
        said = f"line {number} of the ledger is signed by a key that greenroom.toml does not name"
        raise LogDamaged(said, line_number=number, hint=f'audit.public lacks "{entry["key"]}"', code=_FALSE)


def _signed(seq: int, head: str) -> bytes:
    return canonical([_PURPOSE, seq, head])


def _seed(text: str, variable: str) -> bytes:
    try:
        seed = b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        seed = b""
    if len(seed) != 32:
        hint = "greenroom ledger keygen makes one"
        raise FileInvalid("is not 32 bytes in base64", where=variable, hint=hint, code="audit.key")
    return seed


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        hint = "pip install cryptography"
        raise ServiceUnavailable("signatures need the package cryptography", hint=hint, code="audit.missing") from None
    return ed25519
