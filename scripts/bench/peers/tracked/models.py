"""Outcomes as a Django project would keep them, with django-simple-history."""

from importlib import import_module
from typing import Any

# Through import_module, for neither is needed to run or to check anything else here.
models: Any = import_module("django.db.models")
history: Any = import_module("simple_history.models")


class Outcome(models.Model):  # type: ignore[misc] # of a type that is only known where Django is installed
    """What the tree shows of an outcome."""

    title = models.TextField()
    workflow_state = models.TextField()
    calculation_method = models.TextField()
    mastery_points = models.FloatField()
    points_possible = models.FloatField()
    history = history.HistoricalRecords()
