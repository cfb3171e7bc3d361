"""Pages about people: sign-up and activation, passwords, the settings, roles.

Log-in and most pages about passwords and second factors are allauth's views with our templates.
"""
