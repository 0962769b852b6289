"""Recording -> ModelInput: is the signal good enough, and how it becomes the windows that the network reads."""
