"""Going through the deduction graph with one clip, resumable from its last checkpoint.

Apart from `detect`, since importing LangGraph takes longer than judging an hour of known captions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig

from graphs import deduction
from graphs.deps import ClipDeps
from ruler import memory
from ruler.jobs.checkpoints import checkpointer, is_begun
from ruler.jobs.progress import Progress, Report, at_once


def walk_graph(deps: ClipDeps, workers: int, checkpoint: Path, report: Report) -> None:
    """Go through the graph, from the clip's last checkpoint if there is one.

    Where chunks are to be tried again, it begins anew: those that are stored cost nothing.
    """
    config: RunnableConfig = {
        "configurable": {"thread_id": f"{deps.run_id}/{deps.clip_number}"},
        "max_concurrency": at_once(workers),
        "recursion_limit": 2 * deps.chunks + 100,
    }
    name, total, done = deps.clip.info.name, len(deps.frames), 0
    with checkpointer(checkpoint) as saver:
        graph = deduction.builder().compile(checkpointer=saver, name="deduction")
        goes_on = is_begun(saver, config, deps.chunks) and not deps.again
        stream: Iterator[Any] = graph.stream(
            None if goes_on else {"cursor": 0},
            config,
            context=deps,
            stream_mode=["custom", "updates"],
        )
        for mode, step in stream:
            if mode == "custom":
                done += step["frames"]
                report(Progress(name, min(done, total), total))
            else:  # a chunk is over, or a stage of the reduce
                memory.give_back()
