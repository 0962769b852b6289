"""The function behind the inbox bucket: events of AWS -> ecg_core.drop, which does the work.

handler answers an event, events reads it, store is a bucket as the drop sees it, settings reads the environment.
"""
