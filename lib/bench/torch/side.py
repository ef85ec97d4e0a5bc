"""The PyTorch side of `deno task bench:torch`: takes requests on stdin, answers on stdout.

The first request is a line of JSON with the sources of all other modules, by name, so that a bundle
needs no files beside it. Every other is a line of JSON, followed by as many raw bytes as its parts
say; an answer is a line of JSON. Wants PyTorch and NumPy, and takes the GPU where PyTorch sees one.
"""

import gc
import importlib.abc
import importlib.util
import json
import os
import sys


class Sources(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Modules that came as texts."""

    def __init__(self, texts):
        self.texts = texts

    def find_spec(self, name, path=None, target=None):
        known = name in self.texts
        return importlib.util.spec_from_loader(name, self, origin=f"{name}.py") if known else None

    def get_source(self, name):
        return self.texts[name]

    def exec_module(self, module):
        module.__file__ = module.__spec__.origin
        super().exec_module(module)


def main():
    # Whatever a library prints goes to stderr: stdout carries answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value, allow_nan=False), file=answers, flush=True)

    # First, before files of the same names in the current folder.
    sys.meta_path.insert(0, Sources(json.loads(sys.stdin.buffer.readline())))
    try:
        import torch

        from jobs import DEVICE, JOBS
    except ImportError as error:
        answer({"error": str(error)})
        return

    is_gpu = DEVICE.type == "cuda"
    threads = f"CPU, {torch.get_num_threads()} threads"
    device = torch.cuda.get_device_name() if is_gpu else threads
    answer({"torch": torch.__version__, "device": device})
    job = None
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        parts = {key: sys.stdin.buffer.read(size) for key, size in request.get("parts", {}).items()}
        try:
            if request["do"] == "open":
                # The last one's memory is freed first; what it made refers to it, and it to that.
                job = None
                gc.collect()
                torch.cuda.empty_cache()
                job = JOBS[request["kind"]](request, parts)
                answer({"losses": job.first_losses()})
            else:
                answer({"seconds": job.run(request["variant"], request["times"])})
        # A variant that this machine cannot run must not end the others.
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})


main()
