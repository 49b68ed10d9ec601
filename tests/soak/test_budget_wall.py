from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.budget_world import BudgetLives

RUNS = 1_000


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_nothing_is_overshot_in_a_thousand_random_lives():
    run_state_machine_as_test(
        BudgetLives,
        settings=settings(
            max_examples=RUNS, stateful_step_count=50, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
