"""Learning on images with backpropagation, or with feedback weights of its own."""
