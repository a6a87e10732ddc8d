"""HiGHS: the only module that talks to it.

Facts about HiGHS 1.15.1 that shape this module, each held by a test in ``tests/test_solver.py``:

- It accepts NaN in costs and coefficients and calls the result optimal; of NaN bounds it complains, keeps
  the model and solves it. :mod:`sanctopt.standard_form` refuses such numbers first.
- A misspelt option is reported by a return value only; so is a failed ``run``, which leaves the verdict of
  the *previous* solve in place. Every return value is checked here.
- The number of threads belongs to a scheduler that each operating-system thread starts once. Every solve
  therefore runs in a thread of its own, and any number of threads can follow any other. That thread also
  leaves the caller free to receive Ctrl-C: no signal handler is ever installed.
- The clock of ``getRunTime`` accumulates over solves; ``time_limit`` does not.
- "Infeasible" can come from a faulty reduction of presolve. It is believed after a second solve, from
  scratch and without presolve.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highspy
import numpy as np
from highspy import HighsModelStatus as Status
from highspy import HighsStatus
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from pyomo.environ import ConcreteModel

from sanctopt.errors import OptionError, SolverError
from sanctopt.solver_options import (
    ABSOLUTE_GAP,
    Limit,
    Progress,
    Reason,
    SolveOptions,
    SolveReport,
    relative_gap,
)
from sanctopt.standard_form import Evaluation, FloatArray, StandardForm, VarData, compile_standard_form

VIOLATION_TOLERANCE = 1e-6
"""Largest absolute violation of an incumbent: HiGHS's own ``mip_feasibility_tolerance``."""

_PROGRESS_SECONDS = 0.1
_WAIT_SECONDS = 0.1
_Event = highspy.cb.HighsCallbackType
_INTERRUPTS = (_Event.kCallbackMipInterrupt, _Event.kCallbackSimplexInterrupt, _Event.kCallbackIpmInterrupt)
_LIMITS = {
    Status.kTimeLimit: Limit.TIME,
    Status.kIterationLimit: Limit.ITERATIONS,
    Status.kSolutionLimit: Limit.SOLUTIONS,
    Status.kMemoryLimit: Limit.MEMORY,
    Status.kObjectiveBound: Limit.TARGET,
    Status.kObjectiveTarget: Limit.TARGET,
    Status.kInterrupt: Limit.INTERRUPT,
    Status.kHighsInterrupt: Limit.INTERRUPT,
}
_REFUSALS = (Status.kInfeasible, Status.kUnbounded, Status.kUnboundedOrInfeasible)
