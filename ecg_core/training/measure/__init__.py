"""What the commands measure of a trained model, through the product's own road."""
