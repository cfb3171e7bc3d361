"""What an operator runs or is told: backup, demo data, system checks, a person's data, the local secret.

A module lives here if it reads or writes across all apps. No app imports this package.
"""
