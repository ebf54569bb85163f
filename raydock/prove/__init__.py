"""What an image can do: the probe that runs inside it, smoke and its reports."""
