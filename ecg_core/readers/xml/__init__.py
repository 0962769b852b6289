"""ECG files in XML: one safe parser, and one module for each format."""
