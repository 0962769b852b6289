"""Workbooks of Excel (.xlsx) and LibreOffice (.ods): the one sheet that holds a table is read like a text table."""
