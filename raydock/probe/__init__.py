"""raydock-probe: asks the image that it lives in whether all that the image promises works.

It runs by the image's own Python, 3.9 or later, with nothing but the standard library.
"""
