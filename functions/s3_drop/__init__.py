"""Records dropped into a bucket; the drop itself is ecg_core.drop."""
