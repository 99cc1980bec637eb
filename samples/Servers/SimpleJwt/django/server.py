"""A small Django REST framework + Simple JWT server on waitress: rotation and blacklisting on, and counters of what it received.

Start it as `server.py DIRECTORY`. It prints its port on the first line of standard output. It ends when its standard input is closed,
so that it never outlives the process that started it. The environment sets its modes: project.py lists them, README.md explains them.
"""

import logging
import os
import sys
import threading

import django

import project

project.configure(sys.argv[1])
django.setup()
logging.disable(logging.CRITICAL)

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, connections  # noqa: E402
from waitress.server import create_server  # noqa: E402


def create_database():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")
    call_command("migrate", verbosity=0, run_syncdb=True)
    for name in ("alice", "bob"):
        User.objects.create_user(name, password="secret")
    connections.close_all()


def main():
    create_database()

    # With select(), a client that closes its connection at the wrong moment ends waitress: a file descriptor that is no longer valid.
    application = get_wsgi_application()
    server = create_server(application, host="127.0.0.1", port=0, threads=48, connection_limit=2000, asyncore_use_poll=True)
    print(server.effective_port, flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server.run()


main()
