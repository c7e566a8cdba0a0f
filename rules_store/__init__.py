"""The only door to SQL, and to the files that hold rules, taxonomies and lexicons."""
