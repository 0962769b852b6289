"""What is deployed: thin adapters around ecg_core. api is the HTTP service, s3_drop the function behind the inbox."""
