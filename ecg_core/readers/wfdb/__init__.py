"""WFDB records: a header (.hea) with its signal files, or with the headers and signal files of its segments."""
