"""Results as files: JSON lines, tables, and a report that opens offline."""
