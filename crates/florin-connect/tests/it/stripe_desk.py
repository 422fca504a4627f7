"""localstripe for tests: the server as it is, on a port of its own that only this machine reaches, and nothing kept on disk.

Its own command listens to the whole network and writes every payment into /tmp.
"""

import socket

from aiohttp import web
from localstripe import resources
from localstripe.server import app

resources.Store.dump_to_disk = lambda self: None
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
web.run_app(app, sock=listener, print=None, access_log=None)
