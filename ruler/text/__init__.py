"""Reading captions: lemmas, clauses, scopes of negation and speculation, phrases with spans."""
