"""PTB-XL as training sees it, and what is done to its records: augmentation, noise, exchanged electrodes."""
