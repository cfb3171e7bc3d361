"""The pages of check-in: code and search, the phone's script, gates and devices, conflicts."""
