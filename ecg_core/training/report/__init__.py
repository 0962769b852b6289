"""The sections of the model card, each rendered from its part of model.json."""
