"""What changed between points: timeline, blame, diff, late arrivals, the effects of a policy."""
