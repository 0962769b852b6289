"""A Classification as a DICOM structured report: an ECG Report after template TID 3700 (DICOM PS3.16).

elements: the bytes of a file. content: items of the report's tree. concepts: codes. measurements: the numbers of
the heart. report: the tree, and the attributes around it.
"""
