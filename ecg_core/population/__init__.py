"""The ECGs of one hospital: calibration from its labels, drift against PTB-XL, prevalences without labels."""
