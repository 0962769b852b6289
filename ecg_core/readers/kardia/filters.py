"""What a filter of the Kardia app means for the ECG. It is reported because it moves the ST segment."""

ENHANCED = "recorded with Kardia's enhanced filter, which can change the ST segment"
BASELINE = "recorded with Kardia's baseline filter, which can change the ST segment"
