"""Recordings of AliveCor's Kardia devices: the app's ATC file, and the JSON of the Kardia API."""
