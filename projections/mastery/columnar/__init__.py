"""Mastery of whole courses in columns: the rows of `projections.mastery.row`, bit for bit, at a fraction of the time.

`results` reads them out of views.db, `policies` lays the policies beside them, `scores` computes, `rows` makes rows of
it. What is not plain (odd ids, moved results, numbers no assessment has) is left to the function for one pair.
"""
