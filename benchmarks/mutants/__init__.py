"""What `benchmarks/mutations.py` is made of: sound clips, ways to damage them, what is no clip, and
what must hold of a run over all of them."""
