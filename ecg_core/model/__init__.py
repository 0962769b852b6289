"""ModelInput -> probabilities: the shipped network, its calibration, what it says about electrodes, its explanation."""
