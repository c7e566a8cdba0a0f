"""Frames with time stamps: files, folders, sampling, windows."""
