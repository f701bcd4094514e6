"""Other tools' conversations and tests as draft fixtures, and fixtures as theirs: one module a format, one value between.

Invariant: what one side cannot say of the other is a loss with its place and reason; none of these tools is imported.
"""
