"""A Classification in the forms that others read: text, SVG, FHIR R4."""
