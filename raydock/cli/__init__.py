"""The command line interface: one module per command, shared options and output.

The work is done in other folders. Slow imports (the engine's SDK, the index client, the resolvers) are inside the
functions that need them.
"""
