"""What a variant installs: the package index, the resolvers and the committed locks."""
