"""What is kept of people and what is not: redaction, encryption under a key per person, and the settings of both."""
