"""Tools behind one port: Python functions with declared effects. A tools file needs only `from greenroom.tools import tool`."""

from greenroom.tools.declare import tool

__all__ = ["tool"]
