"""PostgreSQL itself: where a server is, connections, transactions, errors in words. Needs the extra postgres."""
