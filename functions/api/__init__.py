"""The HTTP face: a FastAPI app, and the same app behind Lambda."""
