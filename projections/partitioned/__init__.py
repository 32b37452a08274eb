"""A replay of events that lie in many files, as pure steps that any engine can share out among processes.

Each split of the input becomes the newest version of each entity in it (`combining`); those are gathered by entity and
reduced to one (`winners`); and what mastery needs is gathered by course and student (`parts`, `rollup`). What an event
means, what the views take of it and how mastery is computed are the domain's and the views' own code.
"""
