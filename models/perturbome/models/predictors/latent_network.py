"""The network of the latent additive model. It imports torch, so it is itself imported when a network is needed."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class Perceptron(nn.Sequential):
    """Hidden layers of one width, each normalised, rectified and with dropout, then a linear one."""

    def __init__(self, n_in: int, width: int, n_out: int, n_layers: int, dropout: float) -> None:
        layers: list[nn.Module] = []
        for k in range(n_layers):
            layers += [nn.Linear(width if k else n_in, width), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(*layers, nn.Linear(width if n_layers else n_in, n_out))

    @property
    def last(self) -> nn.Linear:
        """The linear layer at the end."""
        return cast(nn.Linear, self[-1])


class LatentNetwork(nn.Module):
    """x = softplus(Dec(Enc(x_control) + Enc_p(p))), p the perturbed targets as ones. Wu et al. 2024, PerturBench."""

    def __init__(
        self, n_genes: int, n_targets: int, width: int, n_latent: int, n_layers: int, dropout: float, softplus: bool
    ) -> None:
        super().__init__()
        self.of_control = Perceptron(n_genes, width, n_latent, n_layers, dropout)
        self.of_targets = Perceptron(n_targets, width, n_latent, n_layers, dropout)
        self.decoder = Perceptron(n_latent, width, n_genes, n_layers, dropout)
        self.softplus = softplus

    def start_at(self, mean: Tensor) -> None:
        """Begin with a decoder that says the mean profile [n_genes], so that the effects are what is left to learn."""
        with torch.no_grad():
            # The inverse of softplus, for means above zero.
            start = mean.clamp_min(1e-3).expm1().log() if self.softplus else mean
            self.decoder.last.bias.copy_(torch.where(mean > 20, mean, start))

    def forward(self, control: Tensor, targets: Tensor) -> Tensor:
        """Profiles [n, n_genes] of control [n, n_genes] under perturbations targets [n, n_targets]."""
        found = self.decoder(self.of_control(control) + self.of_targets(targets))
        return functional.softplus(found) if self.softplus else found

    def change(self, control: Tensor, targets: Tensor) -> Tensor:
        """Change [n, n_genes] by perturbations [n, n_targets]: the mean over control states [m, n_genes] of
        x(state, p) - x(state, nothing), so that what the decoder cannot draw again cancels."""
        state = self.of_control(control)
        none = self.of_targets(torch.zeros_like(targets[:1]))
        draw = functional.softplus if self.softplus else nn.Identity()
        without = draw(self.decoder(state + none)).mean(dim=0)
        effects = self.of_targets(targets)
        return torch.stack([draw(self.decoder(state + e)).mean(dim=0) - without for e in effects])
