"""DICOM ECG waveforms. elements.py parses a data set, file.py finds it, reader.py makes a recording of it."""
