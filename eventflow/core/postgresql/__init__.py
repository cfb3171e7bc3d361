"""A database backend: Django's PostgreSQL with a check of connections that costs no statement."""
