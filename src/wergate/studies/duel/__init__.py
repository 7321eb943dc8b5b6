"""May B replace A? The verdict of a duel, its row and its tables."""
