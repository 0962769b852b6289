"""Measurements as text: the model card, its diagram, and the report of `ekg evaluate`."""
