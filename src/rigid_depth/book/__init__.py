"""The book side, room by room: each imports nothing of those after it.

cells, runs, claims, executed, publishing, pages, site.
"""
