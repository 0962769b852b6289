"""Text tables: where the table begins, what its columns are, what the words above it say, and its rows."""
