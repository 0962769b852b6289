"""A Classification in the forms that others read: FHIR R4 and SVG."""
