"""What every layer may name: resources, images, patterns, errors, limits and time."""
