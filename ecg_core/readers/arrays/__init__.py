"""Files of arrays: NumPy and MATLAB. The array is found first, then what the values beside it say about it."""
