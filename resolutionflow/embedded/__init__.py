"""The embedded PostgreSQL, for the demo, the commands and the tests where DATABASE_URL is not set.

`lifetime` starts and stops it, `server` is one cluster, `register` its users, `places` where everything is; settings import `places` only.
"""
