"""A run as files in its directory."""
