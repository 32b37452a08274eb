"""The system of record for what happened to learning outcomes in Canvas LMS."""
