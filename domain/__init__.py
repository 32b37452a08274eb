"""What Canvas outcome events mean: types, aggregates, replay, trees, arithmetic. Pure: no I/O, no clock, no SQL."""
