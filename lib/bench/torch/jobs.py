"""What is timed: epochs of classifiers, steps of generators, single operations.

Each runs in variants: `eager`, `compile` (the network through torch.compile) and `graphs` (the whole
step as a CUDA graph), all without TF32, and `shipped`, which is eager with PyTorch's own choice of
TF32. All data is on the device, as on the other side.
"""

import tempfile
import time

import torch
from torch.nn.functional import conv2d, cross_entropy, mse_loss

# The networks that the parity tests compare with, from tests/fixtures/.
from load_checkpoint import read_safetensors
from make_dit import DiT
from make_unets import ContextUnet
from networks import make_network

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SHIPPED = (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)
WARM_UP = 3


def wait():
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()


class Job:
    """Something with variants, each of which is made when it is first run."""

    def __init__(self):
        self.made = {}

    def first_losses(self):
        """The losses of the first steps, for those who also take them."""
        return None

    def run(self, variant, times):
        """Seconds that it takes `times` over."""
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = (
            SHIPPED if variant == "shipped" else (False, False)
        )
        if variant not in self.made:
            self.made[variant] = self.make(variant)
        work = self.made[variant]
        wait()
        started = time.perf_counter()
        for _ in range(times):
            work()
        wait()
        return time.perf_counter() - started


class Trainer:
    """A network, its optimizer and a step, in one of the variants.

    `compute_loss(call, batch)` is the loss of the batch that was chosen by `batch`, a tensor that is
    the same at every step of a graph.
    """

    def __init__(self, network, variant, lr, compute_loss):
        if variant == "graphs" and DEVICE.type != "cuda":
            raise RuntimeError("graphs are for CUDA")
        self.network = network
        self.call = torch.compile(network) if variant == "compile" else network
        self.optimizer = torch.optim.Adam(
            [p for p in network.parameters() if p.requires_grad],
            lr=lr,
            capturable=variant == "graphs",
        )
        self.compute_loss = compute_loss
        self.graphs = {} if variant == "graphs" else None

    def plain(self, batch):
        self.optimizer.zero_grad()
        loss = self.compute_loss(self.call, batch)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def step(self, batch):
        if self.graphs is None:
            return self.plain(batch)
        if len(batch) not in self.graphs:
            self.graphs[len(batch)] = self.capture(batch.clone())
        graph, static, loss = self.graphs[len(batch)]
        static.copy_(batch)
        graph.replay()
        return loss

    def capture(self, static):
        """As PyTorch's documentation of CUDA graphs does it for a whole step."""
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.plain(static)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            loss = self.compute_loss(self.call, static)
            loss.backward()
            self.optimizer.step()
        return graph, static, loss.detach()


def images_of(request, parts):
    pixels = torch.frombuffer(bytearray(parts["images"]), dtype=torch.uint8).to(DEVICE)
    labels = torch.frombuffer(bytearray(parts["labels"]), dtype=torch.uint8).to(DEVICE)
    return pixels.view(-1, 1, request["height"], request["width"]), labels.long()


class ClassifierEpoch(Job):
    """An epoch: shuffled, the last batch what is left, the mean loss read at the end."""

    def __init__(self, request, parts):
        super().__init__()
        self.request = request
        self.pixels, self.labels = images_of(request, parts)
        self.order = torch.frombuffer(bytearray(parts["order"]), dtype=torch.int32).long().to(DEVICE)
        with tempfile.NamedTemporaryFile() as file:
            file.write(parts["weights"])
            file.flush()
            self.weights, _ = read_safetensors(file.name)

    def trainer(self, variant):
        network = make_network(self.request["model"], self.request["height"])
        network.load_state_dict(self.weights, strict=True)

        def compute_loss(call, batch):
            images = self.pixels[batch].float() / 127.5 - 1
            return cross_entropy(call(images), self.labels[batch])

        return Trainer(network.to(DEVICE).train(), variant, self.request["lr"], compute_loss)

    def first_losses(self):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        trainer = self.trainer("eager")
        return [trainer.step(batch).item() for batch in self.order.split(self.request["batch"])]

    def make(self, variant):
        trainer, count = self.trainer(variant), len(self.labels)

        def epoch():
            total = torch.zeros((), device=DEVICE)
            for batch in torch.randperm(count, device=DEVICE).split(self.request["batch"]):
                total += trainer.step(batch) * len(batch)
            return total.item() / count

        return epoch


def denoiser(model):
    if model == "cddpm":
        return ContextUnet(128, 28)
    width, depth, heads = {"dit-light": (64, 2, 4), "dit-s4": (384, 12, 6)}[model]
    return DiT(28, 1, 4, width, depth, heads)


class DenoisingStep(Job):
    """A step of a network that predicts noise: draws times and noise, drops labels."""

    def __init__(self, request, parts):
        super().__init__()
        self.request = request
        self.pixels, self.labels = images_of(request, parts)
        beta = torch.linspace(1e-4, 0.02, request["timesteps"], dtype=torch.float64)
        signal = torch.cumprod(1 - beta, 0)
        self.scales = (signal.sqrt().float().to(DEVICE), (1 - signal).sqrt().float().to(DEVICE))

    def make(self, variant):
        def compute_loss(call, batch):
            x = self.pixels[batch].float() / 255
            t = torch.randint(0, self.request["timesteps"], (len(batch),), device=DEVICE)
            dropped = torch.rand(len(batch), device=DEVICE) < 0.1
            labels = self.labels[batch].masked_fill(dropped, 10)
            noise = torch.randn_like(x)
            a, b = (scale[t][:, None, None, None] for scale in self.scales)
            return mse_loss(call(a * x + b * noise, t.float(), labels), noise)

        network = denoiser(self.request["model"]).to(DEVICE).train()
        trainer = Trainer(network, variant, self.request["lr"], compute_loss)
        everything = torch.arange(len(self.labels), device=DEVICE)
        return lambda: trainer.step(everything)


class Product(Job):
    """A product of square matrices."""

    def __init__(self, request, parts):
        super().__init__()
        self.sides = [torch.rand(request["size"], request["size"], device=DEVICE) for _ in range(2)]

    def make(self, variant):
        return lambda: torch.matmul(*self.sides)


class Convolution(Job):
    """A convolution with as many rows and columns of output as of input, or one of its gradients."""

    def __init__(self, request, parts):
        super().__init__()
        self.which = request["pass"]
        batch, size, inputs, outputs, kernel = (
            request[key] for key in ("batch", "size", "inputs", "outputs", "kernel")
        )
        self.padding = kernel // 2
        self.x = torch.rand(batch, inputs, size, size, device=DEVICE)
        self.w = torch.rand(outputs, inputs, kernel, kernel, device=DEVICE)
        self.dy = torch.rand(batch, outputs, size, size, device=DEVICE)

    def make(self, variant):
        if self.which == "forward":
            return lambda: conv2d(self.x, self.w, padding=self.padding)
        wanted = [self.which == "input gradient", self.which == "filter gradient", False]
        one, padding = [1, 1], [self.padding] * 2
        gradient = torch.ops.aten.convolution_backward
        return lambda: gradient(
            self.dy, self.x, self.w, None, one, padding, one, False, [0, 0], 1, wanted
        )


JOBS = {
    "epoch": ClassifierEpoch,
    "denoising": DenoisingStep,
    "product": Product,
    "convolution": Convolution,
}
