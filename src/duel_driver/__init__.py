"""One side of a duel, in an environment of its own: it needs Python, NumPy and OpenVINO, and no part of wergate."""
