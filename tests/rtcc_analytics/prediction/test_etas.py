"""EM reaches the maximum of the likelihood, never goes down, and finds the parameters that made the events."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rtcc_analytics.prediction import PredictionError, SelfExciting
from rtcc_analytics.prediction.etas import (
    CovariateBackground,
    EtasPairs,
    EvenBackground,
    etas_standard_errors,
    fit_etas,
    simulate_etas,
)

SIDE, DAYS = 20_000.0, 900.0
TRUTH = {"theta": 0.35, "omega": 0.1, "sigma_m": 120.0}


@pytest.fixture(scope="module")
def pairs() -> EtasPairs:
    x, y, t = simulate_etas(background_per_day=3, **TRUTH, side_m=SIDE, days=DAYS, seed=5)
    return EtasPairs.of(x, y, t, until=DAYS, reach_m=700, reach_days=120)


def even(pairs: EtasPairs, rate: float = 2.0) -> EvenBackground:
    return EvenBackground(SIDE**2, pairs.t.size, rate)


def test_pairs_are_those_of_brute_force() -> None:
    x, y, t = simulate_etas(background_per_day=4, **TRUTH, side_m=5000, days=100, seed=2)
    found = EtasPairs.of(x, y, t, until=100, reach_m=400, reach_days=30)
    apart, lag = np.hypot(x[:, None] - x, y[:, None] - y), t[:, None] - t
    wanted = (apart <= 400) & (lag > 0) & (lag <= 30)
    later = np.repeat(np.arange(len(t)), np.diff(found.indptr))
    got = np.zeros_like(wanted)
    got[later, found.source] = True
    assert (got == wanted).all()


def test_em_equals_direct_maximum_likelihood(pairs: EtasPairs) -> None:
    fit = fit_etas(pairs, even(pairs), iterations=2000, tolerance=1e-9)

    def loss(logs: np.ndarray) -> float:
        return -pairs.log_likelihood(even(pairs, np.exp(logs[3])), *np.exp(logs[:3]))

    direct = minimize(loss, np.log([0.2, 0.07, 150, 2]), method="BFGS", options={"gtol": 1e-7})
    found = [fit.theta, fit.omega, fit.sigma_m, fit.background_per_day]
    assert fit.converged
    assert found == pytest.approx(np.exp(direct.x), rel=2e-3)
    assert fit.log_likelihood == pytest.approx(-direct.fun, abs=1e-3)


def test_the_likelihood_never_falls(pairs: EtasPairs) -> None:
    path: list[float] = []
    fit_etas(pairs, even(pairs), iterations=60, on_step=path.append)
    assert (np.diff(path) > -1e-6).all()


def test_simulated_parameters_lie_in_their_intervals(pairs: EtasPairs) -> None:
    fit = fit_etas(pairs, even(pairs), tolerance=1e-8, iterations=1000)
    errors = etas_standard_errors(pairs, fit)
    for name, true in TRUTH.items():
        assert abs(np.log(getattr(fit, name) / true)) < 2.6 * errors[name], name


def test_no_triggering_is_found_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    t = np.sort(rng.uniform(0, 700, 1500))
    pairs = EtasPairs.of(rng.uniform(0, 2e4, 1500), rng.uniform(0, 2e4, 1500), t, until=700, reach_m=500, reach_days=90)
    assert fit_etas(pairs, even(pairs), iterations=500).theta < 0.06


def test_a_background_of_covariates_recovers_them() -> None:
    rng = np.random.default_rng(4)
    z = rng.normal(size=400)
    area = np.full(400, 1e6)
    unit = np.repeat(np.arange(400), rng.poisson(area * 500 * np.exp(-19.5 + 0.8 * z)))
    own = np.ones(unit.size)
    begin = CovariateBackground(unit, np.column_stack([np.ones(400), z]), area, np.array([-15.0, 0.0]))
    assert begin.updated(own, 500).coefficients == pytest.approx([-19.5, 0.8], abs=0.08)


def test_a_model_that_does_not_settle_says_so(made_up_events: object, made_up_grid: object) -> None:
    with pytest.raises(PredictionError, match="did not settle within 1 EM steps"):
        SelfExciting(iterations=1).fit(made_up_events, made_up_grid)
