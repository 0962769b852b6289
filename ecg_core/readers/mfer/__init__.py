"""MFER (ISO 22077-1), the waveform format of Japanese monitors and electrocardiographs."""
