"""Each connection learns which run of the Redis server it speaks to; the settings name this, so
nothing of Django's is imported here."""

from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError


def learn_run(connection: Any) -> None:
    """Greet the server as redis-py does, and note the run's id on the connection.

    A connection ends with the run that it was made to, so the id holds for as long as it does.
    """
    connection.on_connect()
    connection.send_command("INFO", "server")
    said: bytes = connection.read_response()
    for line in said.splitlines():
        if line.startswith(b"run_id:"):
            connection.run_id = line[7:].strip().decode()
            return
    raise RedisConnectionError("Redis does not say which run of it this is")
