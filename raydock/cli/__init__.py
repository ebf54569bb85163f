"""The commands and their words to the user, a module a subject; what they do is elsewhere.

What few commands need is imported in them: the engine's SDK, the index's client and the resolvers load slowly.
"""
