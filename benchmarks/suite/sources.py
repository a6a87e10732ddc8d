"""Versions of the library to be measured: git refs or folders, put where nothing changes them meanwhile."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from suite.cases import HOME
from suite.jobs import digest


class SourceError(ValueError):
    """What was given is neither a folder with the library nor a git ref."""


@dataclass(frozen=True)
class Source:
    """One version of the library.

    Parameters
    ----------
    name : str
        As it was given.
    state : str
        The commit of a ref; of a folder, "digest" and the beginning of the SHA-256 of its Python files.
    folder : Path
        Where ``sanctopt`` can be imported from while the context lasts.
    """

    name: str
    state: str
    folder: Path


@contextmanager
def checked_out(name: str, into: Path) -> Iterator[Source]:
    """Provide a version of the library.

    Parameters
    ----------
    name : str
        A folder that holds ``src/sanctopt``, or a git ref of this repository. A folder is copied first, so
        that it may be edited while it is measured; a ref becomes a worktree that is removed at the end.
    into : Path
        Folder to put it in; must not exist.

    Raises
    ------
    SourceError
        If it is neither.
    """
    package = Path(name) / "src" / "sanctopt"
    if package.is_dir():
        shutil.copytree(package, into / "src" / "sanctopt", ignore=shutil.ignore_patterns("__pycache__"))
        yield Source(name, f"digest {digest(into / 'src')}", into / "src")
        return
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit is None:
        raise SourceError(f"{name!r} is neither a folder with src/sanctopt nor a git ref of {HOME.name}")
    if _git("worktree", "add", "--detach", str(into), commit) is None:
        raise SourceError(f"git makes no worktree of {name!r} ({commit[:12]})")
    try:
        yield Source(name, f"commit {commit[:12]}", into / "src")
    finally:
        _git("worktree", "remove", "--force", str(into))


def _git(*arguments: str) -> str | None:
    """What git says; None if it fails."""
    done = subprocess.run(["git", "-C", str(HOME), *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
