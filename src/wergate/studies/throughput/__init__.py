"""How many seconds of speech a second of processing gets through, and what the hardware would allow."""
