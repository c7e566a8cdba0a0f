"""LangGraph wiring: which step follows which, and what a killed run goes on with."""
