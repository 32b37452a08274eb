"""Tests of outcomes.projections.reconcile."""
