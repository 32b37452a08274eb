"""Replay of events in many files, shared out among processes: of this machine, or of a Spark cluster.

The steps are those of `outcomes.projections.partitioned`; an engine only carries rows between them.
"""
