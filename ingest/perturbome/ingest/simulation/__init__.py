"""The simulator: a stochastic regulatory network, differentiation, knock-outs, and what a sequencer makes of it."""
