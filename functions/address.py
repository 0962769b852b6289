"""Where the service listens, unless its options say otherwise. The image sets EKG_HOST: its port is published."""

import os

HOST = os.environ.get("EKG_HOST", "127.0.0.1")
PORT = int(os.environ.get("EKG_PORT", "8000"))
