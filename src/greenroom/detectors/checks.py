"""Second looks at what a pattern proposed: checksums, ranges, entropy.

Invariant: each check is bounded by the length of what it is given, and none of them raises.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

MAX_WINDOWS = 20_000
"""How many numbers one payload may make us try as cards and IBANs; what is beyond is reported as unchecked."""

# Leading digits and the lengths issued under them (ISO/IEC 7812 ranges as the networks publish them).
_ISSUERS: tuple[tuple[tuple[str, ...], tuple[int, ...]], ...] = (
    (("2200", "2201", "2202", "2203", "2204"), (16, 17, 18, 19)),
    (("5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763"), (16, 18, 19)),
    (("34", "37"), (15,)),
    (("300", "301", "302", "303", "304", "305", "36", "38"), (14,)),
    (("3528", "3529", "353", "354", "355", "356", "357", "358"), (16,)),
    (("4",), (16, 19, 13)),
    (("51", "52", "53", "54", "55"), (16,)),
    (("222", "223", "224", "225", "226", "227", "228", "229", "23", "24", "25", "26", "270", "271", "2720"), (16,)),
    (("6011", "644", "645", "646", "647", "648", "649", "65"), (16, 19)),
    (("62",), (16, 17, 18, 19)),
)


_SMALLEST_GROUP = 3
"""Cards are printed in groups of 3 to 6 digits; a column of small numbers is no card."""

# Characters of an IBAN by country (SWIFT's IBAN registry).
_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE BI", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
        24: "AD CZ DZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR", 27: "BF BJ BY CM DJ FR GR IT MC MG MR SM",
        28: "AL AZ CI CY DO GT HN HU LB ML NI PL SN SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE", 31: "MT SC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_FILES = re.compile(
    r"(?i)png|jpe?g|gif|svg|webp|ico|css|[jt]sx?|json|pdf|md|txt|html?|xml|ya?ml|toml|csv|zip|gz|tar|py|rs|go|java|rb|sh|php"
    r"|docx?|xlsx?|pptx?|mp[34]|log"
)
"""Endings of file names. Some are top-level domains too, which link text without a scheme seldom means."""
_HOST_LIKE = re.compile(r"(?i)(?:[a-z0-9-]+\.)+([a-z]{2,24})(?=[/:?#]|$)")


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn checksum (ISO/IEC 7812-1, annex B) of the others."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = ord(digit) - 48
        total += number if place % 2 == 0 else (number * 2 - 9 if number > 4 else number * 2)
    return total % 10 == 0


def card_spans(run: str, budget: list[int]) -> Iterator[tuple[int, int]]:
    """The spans of card numbers in `run`, which is digits with single spaces, dots or dashes between some of them.

    A card begins and ends where a group of digits does. `budget` holds one number, the windows still allowed.
    """
    groups = _groups(run)
    index = 0
    while index < len(groups) and budget[0] > 0:
        last = _card_at(run, groups, index, budget)
        if last == index and _is_fraction(run, groups[index][0]):
            last = -1
        if last < 0:
            index += 1
            continue
        yield groups[index][0], groups[last][1]
        index = last + 1


def _groups(run: str) -> list[tuple[int, int]]:
    groups: list[tuple[int, int]] = []
    start = -1
    for place, character in enumerate(run):
        if character.isdigit():
            start = place if start < 0 else start
        elif start >= 0:
            groups.append((start, place))
            start = -1
    if start >= 0:
        groups.append((start, len(run)))
    return groups


def _card_at(run: str, groups: list[tuple[int, int]], first: int, budget: list[int]) -> int:
    """The index of the group that ends a card starting at group `first`, the longest one, or -1."""
    digits, found = "", -1
    for last in range(first, min(first + 19, len(groups))):
        start, end = groups[last]
        budget[0] -= 1
        if len(digits) + end - start > 19:
            break
        digits += run[start:end]
        if end - start < _SMALLEST_GROUP:
            break
        if len(digits) >= 13 and len(digits) in _lengths(digits) and luhn(digits):
            found = last
    return found


def _is_fraction(run: str, start: int) -> bool:
    """Whether these digits stand behind the point of a number such as 0.4111111111111111."""
    return start > 1 and run[start - 1] == "." and run[start - 2].isdigit()


def _lengths(digits: str) -> tuple[int, ...]:
    return next((lengths for prefixes, lengths in _ISSUERS if digits.startswith(prefixes)), ())


def iban(text: str) -> bool:
    """Whether ISO 13616's mod-97 check holds; spaces are ignored."""
    compact = text.replace(" ", "").upper()
    if not 15 <= len(compact) <= 34 or not compact.isalnum() or not compact.isascii():
        return False
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97 == 1


def iban_end(text: str) -> int:
    """Where the IBAN ends that `text` begins with, as long as those of its country are; 0 if there is none."""
    length = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    places = [place for place, character in enumerate(text) if character.isalnum()][: length + 1]
    if not length or len(places) < length:
        return 0
    end = places[length - 1] + 1
    goes_on = text[end : end + 1].isalnum()
    return end if not goes_on and iban(text[:end].replace("-", "")) else 0


def file_name(address: str) -> bool:
    """Whether what looks like an e-mail address is a file such as `photo@2x.png`."""
    host = address.rpartition("@")[2]
    return host.count(".") == 1 and host[0].isdigit() and _FILES.fullmatch(host.rpartition(".")[2]) is not None


def phone(text: str) -> bool:
    """Whether the digits can be an E.164 number: 8 to 15 of them after a plus sign or two zeros.

    Behind 1 stand ten, the first of them 2 or more (North American Numbering Plan).
    """
    digits = "".join(filter(str.isdigit, text))
    if text.startswith("00"):
        digits = digits[2:]
    if digits[:1] == "1":
        return len(digits) == 11 and digits[1] > "1"
    return 8 <= len(digits) <= 15 and digits[:1] != "0"


def address(text: str) -> bool:
    """Whether it is an IP address (v4 or v6)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def random_looking(text: str) -> bool:
    """Whether a value beside a word like `password` looks like a secret: over 2.7 bits a character, letters and digits."""
    counts = Counter(text)
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts.values())
    return bits > 2.7 and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def host(url: str) -> str:
    """The host a URL really goes to, in lower case without its last dot; '' if there is none or it cannot be told.

    Userinfo is not a host: `https://api.corp.example@evil.test` goes to `evil.test`.
    """
    if "\\" in url or any(ord(character) < 33 for character in url):
        return ""
    try:
        name = urlsplit(url).hostname or ""
        return name.rstrip(".").encode("idna").decode().lower() if name else ""
    except (ValueError, UnicodeError):
        return ""


def other_host(shown: str, target: str) -> bool:
    """Whether link text that reads like an address names another host than the link goes to."""
    if "://" not in shown and not _names_host(shown):
        return False
    shown_host = host(shown if "://" in shown else f"https://{shown}")
    target_host = host(target)
    return "." in shown_host and shown_host.removeprefix("www.") != target_host.removeprefix("www.")


def _names_host(shown: str) -> bool:
    """Whether link text without a scheme means a host: `www.shop.example`, and not `README.md`, `v1.2.3` or `Node.js`."""
    found = _HOST_LIKE.match(shown)
    return found is not None and (shown[:4].lower() == "www." or not _FILES.fullmatch(found[1]))
