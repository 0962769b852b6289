"""EDF, EDF+, BDF and BDF+: records of a fixed length, each with the samples of every channel.

Specifications: https://www.edfplus.info/specs/edf.html and https://www.edfplus.info/specs/edfplus.html. BDF is EDF with
24-bit samples: https://www.biosemi.com/faq/file_format.htm.
"""
