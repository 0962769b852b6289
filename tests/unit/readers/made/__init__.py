"""Small writers of each format, for tests only."""
