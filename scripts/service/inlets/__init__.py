"""The ways in for events that Canvas sends by itself: its HTTPS delivery, signed or not, and its queue (SQS)."""
