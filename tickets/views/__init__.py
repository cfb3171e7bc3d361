"""The pages of reservations, tickets, the queue, messages and check-in."""
