"""Pure pipeline steps: values in, values out; no LangGraph, no SQL, no pixels."""
