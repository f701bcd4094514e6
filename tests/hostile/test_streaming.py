"""Streamed text: whatever stands around a secret and however the stream is cut, what is shown never holds it."""

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from greenroom.detectors.masks import Masks, mask_all
from greenroom.detectors.stream import settled

SECRETS = (
    ("4242 4242 4242 4242", "4242 4242 4242 4242"),
    ("5105-1051-0510-5100", "5105-1051-0510-5100"),
    ("4242424242424242", "4242424242424242"),
    ("4242.4242.4242.4242", "4242.4242.4242.4242"),
    ("4242\u00a04242\u00a04242\u00a04242", "4242\u00a04242\u00a04242\u00a04242"),
    ("4242  4242  4242  4242", "4242  4242  4242  4242"),
    ("４２４２ ４２４２ ４２４２ ４２４２", "４２４２ ４２４２ ４２４２ ４２４２"),
    ("42\u200b42 4242 42\u200b42 4242", "42\u200b42 4242 42\u200b42 4242"),
    ("card_4242 4242 4242 4242", "4242 4242 4242 4242"),
    ("DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532"),
    ("de89 3704 0044 0532 0130 00", "3704 0044 0532 0130"),
    ("AT61-1904-3002-3457-3201", "3002-3457"),
    ("sk-proj-ZYXWVUTSRQPONMLKJIHG9876543210", "sk-proj-ZYXWVUTSRQPONMLKJIHG9876543210"),
    ("eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM", "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM"),
    ("password:  Hunter2Hunter2x9Q!", "Hunter2Hunter2x9Q!"),
    ("api_key =>   a8Fk39sLq02mZ1", "a8Fk39sLq02mZ1"),
    ("api-key: a8Fk39sLq02mZ1", "a8Fk39sLq02mZ1"),
    ("access key = a8Fk39sLq02mZ1", "a8Fk39sLq02mZ1"),
    ('"secret": "a8Fk39sLq02mZ1"', "a8Fk39sLq02mZ1"),
    ("token:\n\tqZ8xV3nB7mK2pL5w", "qZ8xV3nB7mK2pL5w"),
    ("my password is Xk29vPq77z", "Xk29vPq77z"),
    ("Passwort lautet:  Gr8erHund77", "Gr8erHund77"),
    ("DB_PASSWORD=Tr0ub4dor3x9", "Tr0ub4dor3x9"),
    ("Authorization: Bearer mF_9B5f-41JqM0123xyz", "mF_9B5f-41JqM0123xyz"),
    ("postgres://shop:s3cr3tPa55@db.example/orders", "s3cr3tPa55"),
)
"""Each with the part of it that must never be seen."""
AROUND = st.lists(
    st.sampled_from(
        (
            "Your",
            "card",
            "key",
            "OK",
            "I",
            "12",
            "EUR",
            "x",
            "(see",
            "ABC",
            "2026",
            ", ",
            ". ",
            "\n",
            ": ",
            " (",
            ") ",
            "; ",
            "-",
            "= ",
            '"',
            "'",
            "* ",
            "`",
            " A ",
            " 12 ",
            "/",
            "\t",
            "  ",
            " ",
            " ",
            " ",
        )
    ),
    max_size=12,
).map("".join)


def _private(detector: str) -> bool:
    return detector.startswith("secret.") or detector in ("personal.card", "personal.iban")


@hypothesis_settings(max_examples=1_500)
@given(before=AROUND, secret=st.sampled_from(SECRETS), after=AROUND, sizes=st.lists(st.integers(1, 9), min_size=1))
def test_a_stream_shows_no_secret_that_the_whole_would_hide(
    before: str, secret: tuple[str, str], after: str, sizes: list[int]
) -> None:
    said, value = secret
    text = f"{before} {said} {after}"
    if value in str(mask_all(text, _private, Masks())):
        return  # what stands beside it makes it something else, in the whole as well
    masks, held, shown, place = Masks(), "", "", 0
    while place < len(text):
        size = sizes[place % len(sizes)]
        held, place = held + text[place : place + size], place + size
        cut = settled(held)
        shown, held = shown + str(mask_all(held[:cut], _private, masks)), held[cut:]
    assert value not in shown + str(mask_all(held, _private, masks))
