"""Libraries that are loaded into a process before its own, and stand between it and its surroundings."""

import os
from pathlib import Path

from .compiler import compiled


def preload(source: str, directory: Path) -> str:
    """Compiles a source of this folder; returns what `LD_PRELOAD` must be for a process to have it."""
    path = Path(__file__).parent / source
    library = compiled(path, directory / f"{path.stem}.so", "-shared", "-fPIC", "-O1", "-ldl")
    return f"{library} {os.environ.get('LD_PRELOAD', '')}".strip()
