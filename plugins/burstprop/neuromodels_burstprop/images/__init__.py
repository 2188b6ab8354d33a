"""Spiking networks that learn to classify images from bursts."""
