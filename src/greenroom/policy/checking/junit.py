"""The outcome of a policy's tests as JUnit XML, which build servers read.

Invariant: the document is well formed whatever stands in a policy file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET  # written with, never read with

from greenroom.core.inert import inert_line
from greenroom.policy.checking.trial import TrialResult

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(results: Sequence[TrialResult]) -> bytes:
    """One suite for each policy, one case for each test; a failure says what was expected and what came."""
    failed = sum(not one.passed for one in results)
    root = ET.Element("testsuites", name="greenroom policy test", tests=str(len(results)), failures=str(failed))
    for policy in dict.fromkeys(one.policy for one in results):
        _suite(root, policy, [one for one in results if one.policy == policy])
    ET.indent(root)
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _suite(root: ET.Element, policy: str, results: Sequence[TrialResult]) -> None:
    counts = {"tests": len(results), "failures": sum(not one.passed for one in results), "errors": 0, "skipped": 0}
    suite = ET.SubElement(
        root, "testsuite", {"name": _text(policy), **{key: str(count) for key, count in counts.items()}}
    )
    for one in results:
        file, _, line = one.where.partition(" ")[0].rpartition(":")
        name = f"{policy.partition('@')[0]}.{one.subject}"
        case = ET.SubElement(
            suite, "testcase", classname=_text(name), name=_text(one.name), file=_text(file), line=line
        )
        if not one.passed:
            said = _text(f"expected {one.expected}, got {one.got}")
            ET.SubElement(case, "failure", message=said, type="policy").text = _text(one.line())


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", inert_line(text))
