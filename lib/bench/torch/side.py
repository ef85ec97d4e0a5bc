"""The PyTorch side of `deno task bench:torch`: takes requests on stdin, answers on stdout.

A request is a line of JSON, followed by as many raw bytes as its parts say; an answer is a line of
JSON. Wants PyTorch and NumPy, and takes the GPU where PyTorch sees one.
"""

import json
import os
import sys


def main():
    # Whatever a library prints goes to stderr: stdout carries answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    try:
        import torch

        from jobs import DEVICE, JOBS
    except ImportError as error:
        answer({"error": str(error)})
        return

    name = torch.cuda.get_device_name() if DEVICE.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    answer({"torch": torch.__version__, "device": name})
    job = None
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        parts = {key: sys.stdin.buffer.read(size) for key, size in request.get("parts", {}).items()}
        try:
            if request["do"] == "open":
                job = None
                torch.cuda.empty_cache()
                job = JOBS[request["kind"]](request, parts)
                answer({"losses": job.first_losses()})
            else:
                answer({"seconds": job.run(request["variant"], request["times"])})
        # A variant that this machine cannot run must not end the others.
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})


if __name__ == "__main__":
    main()
