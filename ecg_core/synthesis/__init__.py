"""Synthetic ECGs, and writers that store a Recording as a file."""
