"""How often is often enough: a verdict over several runs, and how likely it is that k runs in a row all pass.

Invariant: the verdict is said as soon as no further run can change it, and never before.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb


def pass_hat(runs: int, passed: int, k: int) -> float | None:
    """pass^k: the chance that `k` independent runs all pass, estimated from `passed` of `runs`; None if `runs` < `k`.

    C(c, k) / C(n, k) is the share of all choices of k of the n runs that hold passed ones alone, and unbiased for any
    n >= k fixed beforehand (Yao, Shinn, Razavi, Narasimhan: tau-bench, 2024, arXiv:2406.12045, after the pass@k of
    Chen et al., 2021, arXiv:2107.03374). (c / n) ** k, the obvious formula, overstates it.
    """
    if not (0 <= passed <= runs and 1 <= k <= runs):
        return None
    return comb(passed, k) / comb(runs, k)


@dataclass(frozen=True, slots=True)
class Goal:
    """`needed` of `runs` have to pass."""

    runs: int
    needed: int

    def verdict(self, passed: int, failed: int) -> bool | None:
        """Whether the goal is reached; None while another run could still decide it."""
        if passed >= self.needed:
            return True
        return False if failed > self.runs - self.needed else None


def goal_of(runs: int, pass_k: int | None, repeat: int) -> Goal:
    """The goal of a case with `runs` and `pass_k` (all of them when None).

    Where `repeat` asks for another number of runs, the share that must pass stays: 4 of 5 becomes 8 of 10.
    """
    needed = runs if pass_k is None else pass_k
    if not repeat or repeat == runs:
        return Goal(runs, needed)
    return Goal(repeat, max(1, -(-needed * repeat // runs)))
