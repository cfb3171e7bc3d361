"""What operators run or are told: backup, demo, system checks, personal data, local secret.

A module lives here if it reads or writes across all apps. No app imports this package.
"""
