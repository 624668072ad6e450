"""Notices: what customers are told, in Chinese and English, in an inbox of their own.

A flow tells of an event in the event's own transaction (`store.tell`), so that a notice is there exactly if the event is, and once.
"""
