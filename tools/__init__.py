"""Programs for the people who maintain raydock; images and the package need none of them."""
