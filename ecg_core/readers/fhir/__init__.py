"""FHIR (R4, R5): Observations whose samples are SampledData, alone or in a Bundle. No address is followed."""
