"""Models on this machine, asked a batch at a time: `transformers:MODEL` and `vllm:MODEL`."""
