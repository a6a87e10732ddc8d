"""What a response tells about the type, also one that no type was expected to give.

Let the types that are still possible at a public history have belief b.

1. Some of them were expected to answer as seen, and not to concede: Bayes, they keep their shares of b.
2. None was, but some have the answer seen among their best ones (a tie that was expected to fall otherwise)
   and would not concede: these keep their shares of b.
3. The answer was best for nobody: b stays as it was. Such an answer has probability zero, so Bayes says
   nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from sanctopt.game import Game
from sanctopt.position import Posture, aftermath, best_responses, concedes, utilities


class Surprise(Enum):
    """How an answer fits what was expected."""

    NONE = "expected"
    """Some type that was possible was expected to give it."""
    TIE = "a tie fell otherwise"
    """It is among the best answers of some type, but none was expected to give it."""
    FULL = "best for no type"
    """No type that was possible would give it."""


def after_response(
    game: Game,
    posture: Posture,
    response: str,
    belief: Mapping[str, float],
    expected: Mapping[str, str] | None,
) -> tuple[Surprise, dict[str, float]]:
    """Surprise and belief after a response.

    Parameters
    ----------
    game : Game
        The game.
    posture : Posture
        What was done at the history.
    response : str
        What was answered; the regime has not conceded.
    belief : mapping of str to float
        Probability of each type before it; 0 for those that are ruled out.
    expected : mapping of str to str or None
        The response that each type was expected to give; None: each of its best ones.

    Returns
    -------
    tuple
        How the response fits, and the probability of each type after it.
    """
    after = aftermath(game, posture, response)
    willing = [
        name
        for name, share in belief.items()
        if share > 0.0
        and response in best_responses(utilities(game, posture, game.patron_type[name]))
        and not concedes(game, posture, after, game.patron_type[name])
    ]
    named = [name for name in willing if expected is None or expected.get(name) == response]
    kept = named or willing
    if not kept:
        return Surprise.FULL, dict(belief)
    total = math.fsum(belief[name] for name in kept)
    shares = {name: belief[name] / total if name in kept else 0.0 for name in belief}
    return (Surprise.NONE if named else Surprise.TIE), shares


def believed_game(game: Game, belief: Mapping[str, float]) -> Game:
    """The game with a belief as prior, without the types that are ruled out."""
    kept = {name for name, share in belief.items() if share > 0.0}
    return replace(
        game,
        patron_types=tuple(
            replace(patron, prior=belief[patron.name]) for patron in game.patron_types if patron.name in kept
        ),
        utilities=tuple(row for row in game.utilities if row.type in kept),
        perception=tuple(row for row in game.perception if row.type in kept),
    )
