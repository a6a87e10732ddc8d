"""From one answer to a decision: what else could be done, what it is worth, what if the numbers are wrong.

Every function takes a game, solves changed copies of it or plays ladders in it, and returns frozen data with
`to_frame`. Nothing here solves the game itself: each optimum comes from `sanctopt.solve`. One exception comes
before the game: `elicitation` chooses types by small programs of its own, through `sanctopt.solver`.
"""
