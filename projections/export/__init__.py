"""A whole state written elsewhere: an SQLite file or Parquet."""
