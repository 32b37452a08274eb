"""Readers of what Canvas exports: Canvas Data 2 files of every format, its outcomes CSV, its Outcome Results report."""
