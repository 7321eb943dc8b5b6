"""Error rates of the verdict on the word error rate, from simulated corpora and from halves of real ones."""
