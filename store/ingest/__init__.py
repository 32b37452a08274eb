"""From a source to the log: prepare, read ahead, append in whole batches."""
