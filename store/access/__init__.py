"""Who may ask what: tokens with rights and a scope, and the record of who looked at whom. Never in log.db."""
