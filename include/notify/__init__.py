"""What leaves the house: the outbox and the mail server."""
