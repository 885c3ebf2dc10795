"""When events happen: comparisons of periods, the weekly line, the clock, and how late reports come."""

from rtcc_analytics.temporal.poisson import PeriodError, PoissonComparison, false_discovery_q, poisson_compare

__all__ = ["PeriodError", "PoissonComparison", "false_discovery_q", "poisson_compare"]
