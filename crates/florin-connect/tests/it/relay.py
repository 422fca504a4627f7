"""A mail relay for tests: aiosmtpd on a port of its own, which reports every mail as a line of JSON.

Usage: relay.py clear | relay.py starttls|tls CERTIFICATE KEY. With TLS it asks for the login florin / open sesame.
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

MODE, *FILES = sys.argv[1:]


class Relay:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 No such mailbox"
        if address.startswith("silence@"):
            await asyncio.Event().wait()
        if address.startswith("busy@"):
            return "451 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": envelope.content.decode(), "tls": bool(session.ssl)}
        print(json.dumps(mail), flush=True)
        return "250 Taken"


def check(server, session, envelope, mechanism, login):
    # Not "handled": the server is to say the answer itself.
    return AuthResult(success=login.login == b"florin" and login.password == b"open sesame", handled=False)


def conversation(context):
    if MODE == "starttls":
        return SMTP(Relay(), tls_context=context, require_starttls=True, authenticator=check, auth_required=True)
    if MODE == "tls":
        # Authentication is allowed at once: everything here is inside TLS already.
        return SMTP(Relay(), authenticator=check, auth_required=True, auth_require_tls=False)
    return SMTP(Relay())


async def serve():
    context = None
    if FILES:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*FILES)
    outer = context if MODE == "tls" else None
    server = await asyncio.get_running_loop().create_server(lambda: conversation(context), "127.0.0.1", 0, ssl=outer)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve())
