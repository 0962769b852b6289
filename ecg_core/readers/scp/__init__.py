"""SCP-ECG (EN 1064, ISO 11073-91064): sections in one binary file, the samples often compressed with a Huffman code."""
