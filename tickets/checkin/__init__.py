"""Check-in: from a code that was read to one admission, online and offline; gates, devices, conflicts, search, and who may."""
