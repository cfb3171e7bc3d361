"""System checks: configurations that cannot work are refused at start."""
