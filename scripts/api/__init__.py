"""The public API: homes, points, and answers. `import outcomes` is how to get at it; see docs/api.md.

Free of the command line and of what draws: rich, pyarrow, pandas, polars and sqlite-utils are loaded by the first
answer that needs them.
"""
