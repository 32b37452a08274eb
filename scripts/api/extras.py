"""Packages that only some answers need: asked for when they are needed, and named with how to get them."""

import importlib
from typing import Any

from outcomes.domain.errors import MissingExtra


def require(module: str, extra: str) -> Any:
    """Return a module that is installed with an extra; raises MissingExtra."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"{module} is not installed, which this needs: pip install 'outcome-projector[{extra}]', in a clone "
            f"'.[{extra}]'; where pipx installed it, pipx install --force"
        ) from error
