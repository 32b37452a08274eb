"""What the tests share: events, people and histories to tell, a home in memory of no one else, the command line."""
