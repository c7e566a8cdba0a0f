"""Frozen values that every layer shares; they import nothing of ruler but `ruler.errors`."""
