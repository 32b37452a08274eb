"""Tests of the steps of a replay in parts."""
