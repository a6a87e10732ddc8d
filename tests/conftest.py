"""Settings for all tests: figures go to files, and Hypothesis draws the same examples in every run."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("MPLBACKEND", "Agg")

# A build must repeat, and solving a program takes as long as it takes.
settings.register_profile(
    "ci",
    derandomize=True,
    print_blob=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# For a hunt by hand: new examples each time, many of them; failures are kept and replayed.
# .venv/bin/python -m pytest --hypothesis-profile=explore
settings.register_profile("explore", print_blob=True, deadline=None, max_examples=2_000)
settings.load_profile("ci")
