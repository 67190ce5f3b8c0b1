"""A Django site not of this project behaves the same direct and through the proxy, step by step.

`python -m tests.someone_else` does it with a fresh Wagtail site, which it installs and starts by itself;
`python -m tests.someone_else --direct URL --through URL PATH...` with your own site, which it only reads.
"""
