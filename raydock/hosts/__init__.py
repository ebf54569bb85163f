"""Docker hosts elsewhere: how they are named and reached, given images, and tested on."""
