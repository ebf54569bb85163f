"""raydock-probe: checks inside an image that all that the image promises works.

The image's own Python, 3.9 or later, runs it. It uses only the standard library.
"""
