"""Small programs in C that tests need beside them, compiled when they are."""

import shutil
import subprocess
from pathlib import Path

import pytest


def compiled(source: Path, product: Path, *options: str) -> Path:
    """Compiles a source; skips the test where there is no compiler. Libraries go behind the source in `options`."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")
    subprocess.run([compiler, "-Wall", "-Werror", "-o", str(product), str(source), *options], check=True)
    return product
