"""The host of plugins. The public names live in `selectors`, `services`, `failures` and `context`."""
