"""Publishing: images that passed every gate, under tags that never change, with what was found of them."""
