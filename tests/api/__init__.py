"""The HTTP face, over real sockets."""
