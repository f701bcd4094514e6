"""Findings in text: personal data, secrets, control characters. Pure and linear in time."""

from greenroom.detectors.find import KINDS, Scan, find, scan
from greenroom.detectors.masks import Masks, mask_all, redact
from greenroom.detectors.stream import settled

__all__ = ["KINDS", "Masks", "Scan", "find", "mask_all", "redact", "scan", "settled"]
