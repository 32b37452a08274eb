"""What is written for other tools: a whole state (SQLite, Parquet, PostgreSQL), the log, and a tree as Canvas's CSV."""
