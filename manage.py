#!/usr/bin/env python
"""Django's command line for EventFlow."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventflow.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        _ = settings.DEBUG  # reads the settings file
    except ImproperlyConfigured as error:
        # What is wrong with the environment is one sentence, not a traceback.
        sys.exit(f"EventFlow can't start: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
