"""Read models kept from the log: versions of every entity, and the questions that they answer."""
