"""Why this rung, which others, and what would have to be true for another one."""
