"""Tests of replays that several processes carry out."""
