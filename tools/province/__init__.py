"""The provincial platform, simulated: a program of its own in Node, which shares nothing with the services but the contract."""
