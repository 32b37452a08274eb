"""Tests of outcomes.store.sources.exports."""
