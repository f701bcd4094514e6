"""Detectors as a policy file adds them: `[[detector]]` with its tests.

Invariant: one that is read has a linear-time pattern that can be searched for, and takes no built-in name or label.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from greenroom.core.values import Frozen
from greenroom.detectors.find import KINDS, LABELS
from greenroom.detectors.own import MAX_WITHIN, OwnDetector, accepting, compiled, label_of, own_detector

_TAKEN = frozenset(kind.partition(".")[0] for kind in KINDS)
_NAME = r"[a-z][a-z_]*"


def _free_id(text: str) -> str:
    namespace = text.partition(".")[0]
    if namespace in _TAKEN:
        raise ValueError(
            f"the names '{namespace}.*' are those of built-in detectors; take another, such as 'shop.order'"
        )
    return text


def _known_check(text: str) -> str:
    if text:
        accepting(text)
    return text


def _searchable(text: str) -> str:
    compiled(text)
    return text


class DetectorTest(Frozen):
    """A text and everything the detector must find in it, as whole matched texts in reading order."""

    text: Annotated[str, Field(min_length=1)]
    expect: tuple[str, ...]


class DetectorSpec(Frozen):
    """One detector of a workspace. `near` are words of which one must stand within `within` characters of a match."""

    id: Annotated[str, Field(pattern=rf"^{_NAME}(\.{_NAME})+$", max_length=60), AfterValidator(_free_id)]
    why: Annotated[str, Field(min_length=1)]
    pattern: Annotated[str, Field(min_length=1), AfterValidator(_searchable)]
    check: Annotated[str, AfterValidator(_known_check)] = ""
    mask: Annotated[str, Field(pattern=rf"^({_NAME})?$", max_length=30)] = ""
    near: tuple[Annotated[str, Field(min_length=2, max_length=60)], ...] = Field(default=(), max_length=20)
    within: int = Field(default=40, ge=1, le=MAX_WITHIN)
    test: tuple[DetectorTest, ...] = ()

    @model_validator(mode="after")
    def _compiles(self) -> DetectorSpec:
        self.made()
        if self.label in LABELS.values():
            raise ValueError(
                f"masks of a built-in detector are already called '{self.label}'; give 'mask' another name"
            )
        return self

    @property
    def label(self) -> str:
        """What its masks are called: `order` in `‹order#1›`."""
        return self.mask or label_of(self.id)

    def made(self) -> OwnDetector:
        """The detector, ready to search.

        Raises:
            ValueError: nothing fixed stands in its matches, and no keyword near them.
        """
        return own_detector(
            self.id, self.pattern, label=self.label, check=self.check, near=self.near, within=self.within
        )
