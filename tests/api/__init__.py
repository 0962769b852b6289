"""The HTTP service, tested with a real server and real sockets."""
