"""An export that is refused because the contract changed says what of it did."""

import pytest

from greenroom.core.errors import UsageError
from greenroom.core.events import ContractLoaded
from greenroom.regression.record.governing import one_contract

BEFORE = ContractLoaded(persona="aria", version="1.0.0", model="m", digests={"prompt": "a", "policy": "b"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digests": {"prompt": "c", "policy": "b"}}, "prompt"),
        ({"model": "n"}, "model"),
        ({"table": "local"}, "model"),
        ({"own": ("prompt",)}, r"prompt \(the session's own from then on\)"),
    ],
)
def test_it_names_what_changed(change: dict[str, object], said: str) -> None:
    after = BEFORE.model_copy(update=change)
    with pytest.raises(UsageError, match=f"^the contract changed during this session: {said}, before turn 2"):
        one_contract({1: BEFORE, 2: after}, (1, 2))


def test_what_a_session_let_go_of_is_named() -> None:
    own = BEFORE.model_copy(update={"own": ("model", "prompt")})
    with pytest.raises(UsageError, match=r"session: model \(as on disk from then on\), prompt \(as on disk"):
        one_contract({1: own, 2: BEFORE}, (1, 2))
