"""What each way of quantizing gives, on the same model and corpus."""
