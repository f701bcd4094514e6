"""Two or more runs of one situation set beside one another: what was said, done and decided, and what differs."""

from greenroom.views.comparison.comparison import ComparedTurn, Comparison, Row, Side, Words, compare, turns_of

__all__ = ["ComparedTurn", "Comparison", "Row", "Side", "Words", "compare", "turns_of"]
