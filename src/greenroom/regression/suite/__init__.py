"""Fixtures over versions of personas and over models, many times: asked, journalled, paid for, compared, followed.

Invariant: nothing here knows how a run is made or where; a crew that is handed down does.
"""

from __future__ import annotations
