"""Runs the settings file by itself, in this process, on an environment that the test makes."""

import os
import runpy

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.eventflow.settings.environments import ROOT


@pytest.fixture
def started(monkeypatch, tmp_path):
    """The settings that this environment gives, as one would see them in django.conf."""

    def start(**env):
        for name in list(os.environ):
            if name not in {"PATH", "HOME"} and not name.startswith("PYTEST"):
                monkeypatch.delenv(name)
        monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
        for name, value in env.items():
            monkeypatch.setenv(name, str(value))
        return runpy.run_path(str(ROOT / "eventflow/settings.py"))

    return start


@pytest.fixture
def refused(started):
    def sentence(**env):
        with pytest.raises(ImproperlyConfigured) as refusal:
            started(**env)
        assert "\n" not in str(refusal.value)
        return str(refusal.value)

    return sentence
