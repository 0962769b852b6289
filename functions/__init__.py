"""What is deployed: thin adapters around ecg_core."""
