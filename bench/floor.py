"""The least that a server can do for a thousand sockets: it accepts each, and sends a POST's body to all. No database, no Django."""

from typing import Any

sends: set[Any] = set()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        text = (await receive())["body"].decode()
        for to in tuple(sends):
            await to({"type": "websocket.send", "text": text})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": '{"hello": true, "n": 0}'})
    sends.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    sends.discard(send)
