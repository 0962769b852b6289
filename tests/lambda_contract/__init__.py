"""The Lambda contract, through the real runtime emulator."""
